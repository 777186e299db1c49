"""From the short options of ``tinykit compare`` to keys of a scenario: none says what a key cannot."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from tinykit.comparison.fields import Word
from tinykit.comparison.lines import fields
from tinykit.comparison.mixes import zone_code
from tinykit.comparison.scenario import SHORT, Given
from tinykit.errors import InputError

FIGURES = {
    "payload": "service.payload_bytes",
    "events-per-day": "service.events_per_day",
    "report-share": "report_share",
    "draws": "run.draws",
    "seed": "run.seed",
}
"""Options that take a figure, and the key, or the name in `SHORT`, that each sets."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "cloud": ("cloud.case", "cloud.accelerator", "cloud.point", "gateway.name"),
    "network": ("radio.kind", "radio.model", "radio.power_save", "network.mode", "network.access"),
    "supply": ("supply.kind", "supply.pack"),
    "stance": ("stance",),
    "objective": ("run.objective",),
}
"""Options that take words, and the keys whose cases they may be."""


def figure(option: str, text: str) -> dict[str, Given]:
    """The keys of a figure's option. A bare number is in the key's own unit."""
    keys = SHORT.get(FIGURES[option], (FIGURES[option],))
    try:
        return dict.fromkeys(keys, float(text))
    except ValueError:
        return dict.fromkeys(keys, text)


def words(option: str, text: str) -> dict[str, Given]:
    """The keys that ``text``, words between commas or colons, sets.

    Raises InputError, code SCENARIO, for a word that is none of their cases, or two for one key.
    """
    found: dict[str, Given] = {}
    for word in (one.strip() for one in text.replace(":", ",").split(",")):
        key = next((key for key in WORDS[option] if word in _cases(key)), None)
        if key is None or key in found:
            cases = [case for one in WORDS[option] for case in _cases(one)]
            near = difflib.get_close_matches(word, cases, n=3)
            raise InputError(
                f"--{option}: '{word}' {'is a second word for ' + key if key else 'is not known'}.",
                hint=f"did you mean {', '.join(near)}?" if near and key is None else _hint(option),
                code="SCENARIO",
            )
        found[key] = word
    return found


def zones(text: str) -> tuple[str, ...]:
    """The zones of ``--grid``. Raises InputError: SCENARIO where one is empty, GRID_ZONE where it is none."""
    found = tuple(one.strip() for one in text.split(","))
    if not all(found):
        raise InputError(
            f"--grid: '{text}' names no zone.", hint="write --grid KR,US,FR,SE.", code="SCENARIO"
        )
    for zone in found:
        try:
            zone_code(zone)
        except InputError as error:
            raise InputError(f"--grid: {error.message}", hint=error.hint, code=error.code) from error
    return found


def everywhere(zone: str) -> dict[str, Given]:
    """The device, the network and the data centre in one zone."""
    return dict.fromkeys(SHORT["grid"], zone)


def _cases(key: str) -> tuple[str, ...]:
    spec = fields()[key]
    return spec.cases if isinstance(spec, Word) else ()


def _hint(option: str) -> str:
    return "; ".join(_listed(option))


def _listed(option: str) -> Iterator[str]:
    for key in WORDS[option]:
        yield f"{key}: {', '.join(_cases(key))}"
