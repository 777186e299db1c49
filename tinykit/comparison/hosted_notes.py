"""What a reader must know of a language model that somebody hosts: its joules, its batch, its time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.flow import Policy
from tinykit.comparison.hand import Played
from tinykit.comparison.lines.server import is_request
from tinykit.comparison.llm import ECOLOGITS, FITTED_BATCH, at_batch, batch_of
from tinykit.comparison.parameters import Parameter
from tinykit.pretty import format_duration

_MEDIAN = re.compile(r"\bmedian\b")


def hosted(words: Mapping[str, str], parameters: Mapping[str, Parameter], catalog: Catalog) -> Iterator[str]:
    """Of an endpoint whose joules are the catalogue's, or ecologits'; nothing of joules of the user's own."""
    endpoint, batch = words["cloud.endpoint"], words["cloud.batch"]
    if not is_request(endpoint):
        return
    if endpoint.startswith(ECOLOGITS):
        yield from _time(parameters)
        if batch.isdigit() and int(batch) > FITTED_BATCH and parameters["cloud.token_j"].given == "default":
            yield (
                f"ecologits' fit saw batches up to {FITTED_BATCH}. At {batch} it is only extrapolated, and an"
                " exponential goes to nothing there."
            )
        return
    key = at_batch(endpoint, batch)
    if parameters["cloud.inference_j"].given != "default" or key not in catalog:
        return
    note = catalog.find(key).note
    if note:
        yield f"The catalogue on {key}: {note.rstrip('.')}."
    if _MEDIAN.search(note):
        yield (
            f"{key} is a median, and is multiplied by the requests of a day as if it were their mean. Where a"
            " few requests are long the mean is higher; the source gives none."
        )
    yield from _largest(key, catalog)


def _time(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    """How long ecologits' answer takes: the limit is held against its middle alone."""
    keys = ("cloud.token_s", "cloud.first_token_s", "cloud.output_tokens")
    token, first, tokens = (parameters[key] for key in keys)
    if token.estimate is None or first.nominal is None or tokens.nominal is None or token.given != "default":
        return
    if parameters["cloud.inference_s"].nominal is not None:
        return
    low, high = (format_duration(first.nominal + end * tokens.nominal) for end in token.estimate.interval())
    takes = low if low == high else f"{low} to {high}"
    yield (
        f"Its {tokens.nominal:g} output tokens take {takes}, by ecologits:"
        " modelled, of the model on average; a busy hour may take longer."
    )


def _largest(key: str, catalog: Catalog) -> Iterator[str]:
    """The largest batch is to an endpoint what offline is to a server: it is seldom so full."""
    size, stem = batch_of(key), key.rpartition(".batch")[0]
    rows = [row for row in catalog if stem and row.key.startswith(f"{stem}.batch") and not row.is_gap]
    least = min(rows, key=lambda row: batch_of(row.key), default=None)
    if least is not None and batch_of(least.key) < size == max(batch_of(row.key) for row in rows):
        times = least.nominal / catalog.find(key).nominal
        yield (
            f"Batch {size} is the largest that is published, and its joules are a floor: few endpoints are"
            f" always so full. At batch {batch_of(least.key)} a request takes {times:.2g} times as many:"
            f" --set cloud.batch={batch_of(least.key)}."
        )


def unchecked_latency(played: Mapping[Policy, Played], parameters: Mapping[str, Parameter]) -> Iterator[str]:
    """Who keeps the latency limit only as far as it is known, and what is not."""
    late = [policy for policy, one in played.items() if one.at_least and one.feasible]
    if late and parameters["service.latency_s"].nominal is not None:
        yield (
            f"Whether {' and '.join(late)} decide in time (service.latency_s) was not checked:"
            f" cloud.inference_s is not known: {parameters['cloud.inference_s'].why}."
        )
