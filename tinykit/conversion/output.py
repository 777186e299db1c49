"""Writing the result whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from tinykit.errors import OutputError, UsageError

SCHEMA = "tinykit.conversion"
"""What marks a report as ours, so that nobody else's OUT.json is written over."""


def sidecar_of(out: Path) -> Path:
    """``OUT.json`` beside OUT: the suffix ``.tflite`` is replaced, any other name gets ``.json`` appended."""
    return out.with_suffix(".json") if out.suffix == ".tflite" else out.with_name(f"{out.name}.json")


def check_place(out: Path, inputs: Sequence[Path] = ()) -> None:
    """Raise now what would be raised after minutes of work, or would destroy what is not ours to replace.

    ``inputs`` are the files and folders that are read. Raises OutputError; UsageError for a wrong name.
    """
    if not out.name or out.is_dir():
        raise OutputError(f"{out} is a folder.", hint="give the name of a file to write.")
    if out.suffix == ".json":
        raise UsageError(
            f"{out} names the report, not the model.",
            hint="give -o NAME.tflite; NAME.json is written beside it.",
        )
    for path in (out, sidecar_of(out)):
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "not a plain file"
            raise OutputError(f"{path} is {kind}.", hint="give the name of a file to write.")
        for read in inputs:
            if path.resolve() == read.resolve() or (
                read.is_dir() and read.resolve() in path.resolve().parents
            ):
                raise UsageError(
                    f"{path} would be written, and it is part of what is read, {read}.",
                    hint="give -o another name or folder.",
                )
    if not _is_ours(sidecar_of(out)):
        raise OutputError(
            f"{sidecar_of(out)} is there, and it is no report of a conversion.",
            hint="give -o another name: the report would take that file's place.",
            code="FOREIGN_FILE",
        )
    if not out.parent.is_dir():
        raise OutputError(
            f"{out.parent} is no folder.", hint="make it first, or check the path.", code="NO_FOLDER"
        )
    write_whole(out, {}, probe=b"tinykit")


def write_whole(out: Path, contents: dict[Path, bytes], *, probe: bytes = b"") -> None:
    """Write ``contents`` beside ``out``: each into a temporary file first, all renamed once all are on disk.

    In the order given, so the last one may vouch for the others: where two conversions to one OUT race, or
    the last rename fails, its hash tells. With ``probe``, only try that a file can be written there. Raises
    OutputError; then no part of a file is left.
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
            hint="free some space, or choose a folder that you may write to.",
            code="CANNOT_WRITE",
        ) from error
    finally:
        for temporary in made:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _is_ours(sidecar: Path) -> bool:
    """Whether ``sidecar`` may be replaced: it is absent, or the report of an earlier conversion."""
    try:
        document = json.loads(sidecar.read_bytes())
    except FileNotFoundError:
        return True
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("schema") == SCHEMA


def remove_stale(out: Path) -> list[Path]:
    """Remove OUT and its report if an earlier run left them; the ones that were there."""
    gone = []
    for path in (sidecar_of(out), out):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            gone.append(path)
    return gone
