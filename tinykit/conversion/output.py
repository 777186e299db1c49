"""Writing the result whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from tinykit.errors import OutputError, UsageError


def sidecar_of(out: Path) -> Path:
    """``OUT.json`` beside OUT: the suffix ``.tflite`` is replaced, any other name gets ``.json`` appended."""
    return out.with_suffix(".json") if out.suffix == ".tflite" else out.with_name(f"{out.name}.json")


def check_place(out: Path) -> None:
    """Raise now what would be raised after minutes of work: OutputError; UsageError for a wrong name."""
    if out.suffix == ".json":
        raise UsageError(
            f"{out} names the report, not the model.",
            hint="Give -o NAME.tflite; NAME.json is written beside it.",
        )
    for path in (out, sidecar_of(out)):
        if path.is_dir():
            raise OutputError(f"{path} is a folder.", hint="Give the name of a file to write.")
    if not out.parent.is_dir():
        raise OutputError(
            f"{out.parent} is no folder.", hint="Make it first, or check the path.", code="NO_FOLDER"
        )
    write_whole(out, {}, probe=b"tinykit")


def write_whole(out: Path, contents: dict[Path, bytes], *, probe: bytes = b"") -> None:
    """Write ``contents`` beside ``out``: each into a temporary file first, all renamed once all are on disk.

    In the order given, so the last one may vouch for the others. With ``probe``, only try that a file can
    be written there. Raises OutputError; then nothing is left and earlier files are as they were.
    """
    made: list[Path] = []
    try:
        for content in (*contents.values(), *([probe] if probe else [])):
            temporary = out.with_name(f".{out.name[:100]}.{secrets.token_hex(4)}.tmp")
            made.append(temporary)
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for temporary, path in zip(made, contents, strict=False):
            temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"{out.parent} does not take the result: {error.strerror or error}.",
            hint="Free some space, or choose a folder that you may write to.",
            code="CANNOT_WRITE",
        ) from error
    finally:
        for temporary in made:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def remove_stale(out: Path) -> list[Path]:
    """Remove OUT and its report if an earlier run left them; the ones that were there."""
    gone = []
    for path in (sidecar_of(out), out):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            gone.append(path)
    return gone
