"""A session's folder and its manifest: written last, by rename; every file with its size and SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tinykit.errors import OutputError, RecordingError

MANIFEST = "session.json"
PARTIAL = ".*.partial"
"""What a process that is killed while it writes a file leaves of it."""
SCHEMA = "tinykit.session"
SCHEMA_VERSION = 1
_MAX_MANIFEST_BYTES = 16 * 1024 * 1024
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Damage:
    """What is wrong with one file of a session: "missing", "size", "content", or "unlisted"."""

    file: str
    what: str


def claim_folder(out: Path) -> None:
    """Make the new folder ``out``. Raises OutputError where it cannot be, or holds files."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = any(out.iterdir())
    except OSError as error:
        raise OutputError(
            f"{out} cannot be used: {error.strerror or error}.", hint="name a new folder with -o."
        ) from error
    if taken:
        raise OutputError(f"{out} holds files already.", hint="name a new folder with -o: sessions are kept.")


def write_manifest(folder: Path, document: Mapping[str, Any], files: Iterable[str]) -> None:
    """Write ``folder/session.json`` with ``document`` and the sizes and hashes of ``files`` (relative names).

    The folder counts as a session from that moment on. Raises OutputError.
    """
    try:
        listed = {name: _describe(folder / name) for name in sorted(set(files))}
        whole = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **document, "files": listed}
        whole["seal"] = seal(whole)
        replace_file(folder / MANIFEST, (json.dumps(whole, indent=1, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise OutputError(
            f"The session in {folder} cannot be finished: {error.strerror or error}.",
            hint="make room on the disk; tinykit session recover makes of the raw data what can be made.",
        ) from error


def seal(document: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest less its own seal: finds slips, and no forger, who can seal it again."""
    plain = {key: value for key, value in document.items() if key != "seal"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def replace_file(path: Path, content: bytes) -> None:
    """Write ``content`` under another name, push it to the disk, and rename: whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _why_none(folder: Path) -> tuple[str, str]:
    """What is there in a finished session's place, and the way out."""
    if not folder.is_dir():
        return f"There is no folder {folder}.", "tinykit session list shows those there are."
    if (folder / "comparison.json").is_file():
        return (
            f"{folder} holds a comparison, no session.",
            f"tinykit compare {folder}/scenario.toml reruns it.",
        )
    if not (folder / "raw").is_dir():
        return f"{folder} holds no session.", "tinykit session list shows those there are."
    return f"{folder} holds no finished session.", "tinykit session recover looks for one that was cut off."


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the session in ``folder``.

    Raises RecordingError: SESSION_UNFINISHED where there is none, SESSION_FILE where it is not sound or names
    a file outside the folder.
    """
    path = folder / MANIFEST
    if not path.is_file():
        message, hint = _why_none(folder)
        raise RecordingError(message, hint=hint, code="SESSION_UNFINISHED")
    try:
        if path.stat().st_size > _MAX_MANIFEST_BYTES:
            raise ValueError("it is too large")
        document = json.loads(path.read_bytes())
        if document["schema"] != SCHEMA:
            raise ValueError("it is not a session")
        if document["schema_version"] != SCHEMA_VERSION:
            raise ValueError(
                f"its version is {document['schema_version']}, this tinykit reads {SCHEMA_VERSION}"
            )
        for name, facts in document["files"].items():
            _inside(folder, name)
            if type(facts["size_bytes"]) is not int or type(facts["sha256"]) is not str:
                raise ValueError(f"the entry of {name!r} is not sound")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordingError(
            f"{path} is refused: {error}.",
            hint="a session is read only as tinykit wrote it; take it from its backup.",
            code="SESSION_FILE",
        ) from error
    return dict(document)


def verify(folder: Path) -> tuple[Damage, ...]:
    """Compare the folder with its manifest: empty for a session as it was written. Raises RecordingError."""
    manifest = read_manifest(folder)
    damage = list(verify_files(folder, manifest))
    if manifest.get("seal") != seal(manifest):
        damage.insert(0, Damage(MANIFEST, "content"))
    listed = manifest["files"]
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST and name not in listed:
            damage.append(Damage(name, "unlisted"))
    return tuple(damage)


def verify_files(
    folder: Path, manifest: Mapping[str, Any], names: Iterable[str] | None = None
) -> Iterator[Damage]:
    """Compare the files of ``names``, or all that are listed, with what ``manifest`` says of them."""
    listed = manifest["files"]
    for name in listed if names is None else names:
        if name not in listed:
            yield Damage(name, "unlisted")
            continue
        path, facts = _inside(folder, name), listed[name]
        if not path.is_file():
            yield Damage(name, "missing")
        elif path.stat().st_size != facts["size_bytes"]:
            yield Damage(name, "size")
        elif _sha256(path) != facts["sha256"]:
            yield Damage(name, "content")


def manifest_sha256(folder: Path) -> str:
    """The manifest's own hash, which is in no file: whoever keeps it elsewhere can tell any later change.

    Raises RecordingError, code SESSION_UNFINISHED, where there is no manifest.
    """
    read_manifest(folder)
    return _sha256(folder / MANIFEST)


def _inside(folder: Path, name: str) -> Path:
    """The file ``name`` of the session. Raises ValueError for a name, or a link, that leaves the folder."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name or not pure.parts:
        raise ValueError(f"{name!r} leaves the session's folder")
    path = folder / pure
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{name!r} is a link that leaves the session's folder")
    return path


def _describe(path: Path) -> dict[str, Any]:
    return {"size_bytes": path.stat().st_size, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
