"""An LLM endpoint as the cloud's side: joules a request, from the catalogue or from ecologits' model.

The catalogue's are GPU energy by NVML at a stated batch (``chat.``), or what a vendor claims (``claim.``),
with his whole facility in it or without a word of what it covers. ecologits (MPL-2.0, extra ``cloud``) has a
regression over model size, batch and output tokens, and a flat power for the server around its GPUs; its
facility factor is left at 1, and ours applied. It has times, too; of the catalogue's nobody published any.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.fields import Default, Found, Gap
from tinykit.errors import InputError

ECOLOGITS = "ecologits:"
KWH_J = 3.6e6
WARNS = "; ecologits warns: "
"""Stands in a source before what ecologits says against its own figure: a size that nobody released."""
USUAL_BATCH = 64
"""Of ecologits 0.11, where nobody says another."""
FITTED_BATCH = 512
"""The largest batch that ecologits' regressions saw: docs/methodology/llm_inference.md, mlco2/ecologits."""
PER_REQUEST = ("J/request", "Wh/prompt", "Wh/query", "kWh/1000 queries")
"""Units of the catalogue's endpoints. Joules per something else are no request's."""
_TOKENS = 1000.0
_BATCH = re.compile(r"\.batch(\d+)$")


def find_endpoint(text: str, catalog: Catalog) -> str:
    """The row of the catalogue that ``NAME`` or ``NAME:batchN`` means: of several batches the largest, at
    which an endpoint that is in use runs.

    Raises InputError, code LLM, where there is none such or several models, or one that is no request's.
    """
    name, _, batch = text.lower().partition(":")
    known = [row for row in catalog.category("llm") if row.value is not None]
    rows = [row.key for row in known if row.unit in PER_REQUEST]
    fitting = [key for key in rows if name in key.lower() and (not batch or key.endswith(f".{batch}"))]
    models = {_BATCH.sub("", key) for key in fitting}
    if others := [row for row in known if name in row.key.lower() and not fitting and row.key not in rows]:
        found = ", ".join(f"{row.key} is in {row.unit}" for row in others)
        raise InputError(
            f"llm:{text}: not joules a request: {found}.",
            hint=f"take one of {', '.join(rows)}; or work a request's out: --set cloud.inference_j=JOULES.",
            code="LLM",
        )
    if len(models) != 1:
        near = sorted(fitting) or difflib.get_close_matches(name, rows, n=5, cutoff=0.3) or rows
        raise InputError(
            f"llm:{text}: {len(models) or 'no'} endpoints in the catalogue are called so.",
            hint=f"take one of {', '.join(near)}; or {ECOLOGITS}PROVIDER/MODEL.",
            code="LLM",
        )
    return max(fitting, key=batch_of)


def batch_of(key: str) -> int:
    """The batch in a row's key; 0 where it has none."""
    found = _BATCH.search(key)
    return int(found[1]) if found else 0


def at_batch(endpoint: str, batch: str) -> str:
    """The row of ``endpoint`` at another batch; itself for any. The catalogue may have none such."""
    return endpoint if batch == "any" else _BATCH.sub(f".batch{_size(batch)}", endpoint)


@dataclass(frozen=True)
class TokenEnergy:
    """J and s of a request: before its output, and an output token's; each from low to high."""

    first_j: tuple[float, float]
    token_j: tuple[float, float]
    first_s: tuple[float, float]
    token_s: tuple[float, float]
    source: str


def first_token(endpoint: str, batch: str) -> Default:
    """J of a request before its output tokens."""
    return _found(endpoint, batch, "first_j")


def token(endpoint: str, batch: str) -> Default:
    """J of an output token."""
    return _found(endpoint, batch, "token_j")


def first_token_time(endpoint: str, batch: str) -> Default:
    """Seconds of a request before its output tokens."""
    return _found(endpoint, batch, "first_s")


def token_time(endpoint: str, batch: str) -> Default:
    """Seconds of an output token."""
    return _found(endpoint, batch, "token_s")


def _found(endpoint: str, batch: str, what: Literal["first_j", "token_j", "first_s", "token_s"]) -> Default:
    if not endpoint.startswith(ECOLOGITS):
        return Gap("no model by output tokens is named")
    energy = token_energy(endpoint.removeprefix(ECOLOGITS), _size(batch))
    low, high = getattr(energy, what)
    if low == high:
        return Found(low, energy.source, f"{endpoint}.{what}", kind="modelled")
    return Found((low * high) ** 0.5, energy.source, f"{endpoint}.{what}", low, high, kind="modelled")


def _size(batch: str) -> int:
    if batch == "any":
        return USUAL_BATCH
    if not (batch.isascii() and batch.isdigit() and 0 < int(batch) <= 10_000):
        raise InputError(
            f"cloud.batch cannot be '{batch}'.", hint="give a number, 1 to 10000, or any.", code="SCENARIO"
        )
    return int(batch)


@cache
def token_energy(name: str, batch: int) -> TokenEnergy:
    """What ecologits says of ``PROVIDER/MODEL``: linear in the output tokens. Its times are a router's
    averages (OpenRouter) of the model, whatever the batch, or where it has none a regression.

    Raises InputError, code LLM, for a model that it does not know or without the extra.
    """
    try:
        from ecologits.impacts.llm import compute_llm_impacts, compute_llm_impacts_dag
        from ecologits.model_repository import ParametersMoE, models
        from ecologits.utils.range_value import RangeValue
    except ImportError as error:
        raise InputError(
            f"{ECOLOGITS}{name} needs ecologits.", hint="pip install 'tinykit[cloud]'", code="LLM"
        ) from error
    from importlib.metadata import version

    provider, _, model_name = name.partition("/")
    model = models.find_model(provider=provider, model_name=model_name)
    if model is None:
        known = [f"{one.provider.value}/{one.name}" for one in models.list_models()]
        near = difflib.get_close_matches(name, known, n=4, cutoff=0.5)
        like = f"did you mean {', '.join(near)}? " if near else ""
        raise InputError(
            f"ecologits knows no model '{name}'.",
            hint=f"{like}name it PROVIDER/MODEL, like {known[0]}.",
            code="LLM",
        )
    size = model.architecture.parameters
    total, active = (size.total, size.active) if isinstance(size, ParametersMoE) else (size, size)
    mix = dict.fromkeys((f"if_electricity_mix_{one}" for one in ("adpe", "pe", "gwp", "wue")), 0.0)
    setting: dict[str, Any] = {
        **mix,
        "datacenter_pue": 1.0,
        "datacenter_wue": 0.0,
        "tps": model.deployment.tps if model.deployment else None,
        "ttft": model.deployment.ttft if model.deployment else None,
        "batch_size": batch,
    }

    def ends(one: float | RangeValue) -> tuple[float, float]:
        return (float(one.min), float(one.max)) if isinstance(one, RangeValue) else (float(one), float(one))

    def joules(tokens: float) -> tuple[float, float]:
        impacts = compute_llm_impacts(
            model_active_parameter_count=active,
            model_total_parameter_count=total,
            output_token_count=tokens,
            **setting,
        )
        low, high = ends(impacts.usage.energy.value)
        return low * KWH_J, high * KWH_J

    def seconds(tokens: float) -> tuple[float, float]:
        low, high = (
            compute_llm_impacts_dag(
                model_active_parameter_count=one,
                model_total_parameter_count=one,  # takes memory, and no time
                output_token_count=tokens,
                request_latency=math.inf,
                **setting,
            )["generation_latency"]
            for one in ends(active)
        )
        return ends(low)[0], ends(high)[1]

    def line(of: Callable[[float], tuple[float, float]]) -> tuple[tuple[float, float], tuple[float, float]]:
        none, many = of(0.0), of(_TOKENS)
        return none, ((many[0] - none[0]) / _TOKENS, (many[1] - none[1]) / _TOKENS)

    source = f"ecologits {version('ecologits')}, {name}, batch {batch}: modelled, GPU and server, no facility"
    said = " ".join(str(warning.message) for warning in model.warnings or ())
    (first_j, token_j), (first_s, token_s) = line(joules), line(seconds)
    return TokenEnergy(first_j, token_j, first_s, token_s, f"{source}{WARNS}{said}" if said else source)
