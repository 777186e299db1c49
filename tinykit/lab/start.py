"""What a session knows before it begins, on disk before the first sample: what `recover` needs afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tinykit.errors import InputError, OutputError, RecordingError
from tinykit.lab.analysis import Known
from tinykit.lab.calibration import parse_calibration
from tinykit.lab.manifest import replace_file
from tinykit.lab.windows import METHODS

START = "raw/start.json"
SCHEMA = "tinykit.session_start"
_MAX_BYTES = 4 * 1024 * 1024
_TYPES: dict[str, tuple[type, ...]] = {
    "session": (str,),
    "simulated": (bool,),
    "guard_s": (int, float),
    "clock_tolerance": (int, float, type(None)),
    "short_asked": (bool,),
}
_TEXTS: dict[str, tuple[str, ...]] = {"windows_from": METHODS}


@dataclass(frozen=True)
class Start:
    """``facts`` are the manifest's entries as far as they were known then; ``line`` is the marker's."""

    known: Known
    facts: dict[str, Any]
    line: int


def write_start(folder: Path, start: Start) -> None:
    """Write ``start`` into the session's folder. Raises OutputError."""
    document = {
        "schema": SCHEMA,
        "schema_version": 1,
        "known": known_to_dict(start.known),
        "calibration": start.known.calibration.to_dict(),
        "marker_line": start.line,
        "facts": start.facts,
    }
    try:
        (folder / START).parent.mkdir(parents=True, exist_ok=True)
        replace_file(folder / START, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise OutputError(
            f"The session in {folder} cannot be written: {error.strerror or error}.",
            hint="make room on the disk, or name another folder with -o.",
        ) from error


def read_start(folder: Path) -> Start:
    """Read it back. Raises RecordingError, code SESSION_START."""
    path = folder / START
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        document = json.loads(path.read_bytes())
        if document["schema"] != SCHEMA or document["schema_version"] != 1:
            raise ValueError("it is not a session's beginning of version 1")
        line, facts = document["marker_line"], document["facts"]
        if type(line) is not int or not 0 <= line < 8 or not isinstance(facts, dict):
            raise ValueError("an entry of it is not sound")
        return Start(known_from_dict(document["known"], document["calibration"]), facts, line)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, InputError) as error:
        raise RecordingError(
            f"{path} is refused: {error}.",
            hint="nothing was measured yet, or the file was damaged: measure again.",
            code="SESSION_START",
        ) from error


def known_to_dict(known: Known) -> dict[str, Any]:
    """For JSON, without the calibration, which has a file of its own."""
    return {key: value for key, value in asdict(known).items() if key != "calibration"}


def known_from_dict(data: Mapping[str, Any], calibration: Any) -> Known:
    """Back from JSON; what is absent was not looked at.

    Raises ValueError, KeyError, TypeError, InputError.
    """
    entries: dict[str, Any] = {}
    for one in fields(Known):
        if one.name == "calibration" or (one.name not in data and one.name not in _TYPES):
            continue
        entries[one.name] = _checked(one.name, data[one.name])
    return Known(calibration=parse_calibration(calibration, "calibration.json"), **entries)


def _checked(name: str, value: Any) -> Any:
    if name == "rig_failures":
        if value is not None and not all(type(text) is str for text in value):
            raise ValueError("rig_failures is not a list of texts")
        return None if value is None else tuple(value)
    if name in _TEXTS:
        if value not in _TEXTS[name]:
            raise ValueError(f"{name} is none of {', '.join(_TEXTS[name])}")
        return value
    if not isinstance(value, _TYPES.get(name, (bool, type(None)))):
        raise ValueError(f"{name} is not what it must be")
    return value
