"""The folder that a build goes to: made aside, and put in its place when all is done."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tinykit.errors import OutputError, TinykitError

# Lists what a build has written: only that is ever replaced or removed.
MARK = ".tinykit-build.json"
SCHEMA = "tinykit.build_files"
# Inside the folder, because only there it is sure to be on the same file system and writable.
_NEW = ".tinykit-new"
_EARLIER = ".tinykit-earlier"
_FAILED = ".tinykit-failed"
_KEPT_CODES = ("COMPILER_FAILED", "COMPILER_TIMEOUT")
_HINT = "name a folder that is new, empty, or an earlier build."


@contextlib.contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Give an empty folder to write into; at the end its files replace the earlier build's in ``out``.

    Until then, and where anything is raised, ``out`` stays as it was. What a compiler refused is kept beside
    ``out`` with ".failed" at its name's end, and the error's hint says so. Files that are not on the earlier
    build's list are never touched. Raises OutputError where ``out`` is no folder, holds files and no list,
    holds a file of somebody else's under a name that the build needs, or cannot be written.
    """
    out = _resolved(out)
    with _refusing(out):
        holds = {path.name for path in out.iterdir()} if out.exists() else set()
        earlier = _listed(out) if holds - {_NEW, _FAILED} else []
        created = [folder for folder in (out, *out.parents) if not folder.exists()]
        stage = out / _NEW
        shutil.rmtree(stage, ignore_errors=True)  # of a build that was killed
        stage.mkdir(parents=True)
    try:
        with _refusing(out):
            yield stage
            _swap(stage, out, earlier)
    except TinykitError as error:
        if error.code in _KEPT_CODES:
            kept = str(_keep(stage, out))
            error.message = error.message.replace(str(stage), kept)
            error.hint = error.hint.replace(str(stage), kept)
        if earlier:
            error.hint += f" The earlier build in {out} is untouched."
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty(created)


def _resolved(out: Path) -> Path:
    try:
        out = out.resolve()
        blocking = next((p for p in (out, *out.parents) if p.exists() and not p.is_dir()), None)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name that is too long
        raise OutputError(f"{out} is no place for a folder: {error}.", hint=_HINT) from error
    if blocking is not None:
        below = "" if blocking == out else f", and {out} would lie below it"
        raise OutputError(f"{blocking} is a file{below}.", hint=_HINT)
    return out


@contextlib.contextmanager
def _refusing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written: {error.strerror or error}.",
            hint="check the folder and the room on its disk.",
        ) from error


def _listed(out: Path) -> list[str]:
    """The files that an earlier build wrote into ``out``. Raises OutputError where there is no such list."""
    try:
        document = json.loads((out / MARK).read_bytes())
        ours = document["schema"] == SCHEMA
        names = [str(name) for name in document["files"]]
        inside = all((out / name).resolve().is_relative_to(out) and (out / name) != out for name in names)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, RuntimeError):
        ours = inside = False
    if not (ours and inside):
        raise OutputError(f"{out} holds files that are not tinykit's.", hint=_HINT)
    return names


def _swap(stage: Path, out: Path, earlier: list[str]) -> None:
    """Move the files of ``earlier`` out of ``out`` and those of ``stage`` in, or undo it and raise."""
    new = sorted(path.relative_to(stage).as_posix() for path in stage.rglob("*") if path.is_file())
    foreign = [name for name in new if os.path.lexists(out / name) and name not in earlier]
    if foreign:
        raise OutputError(
            f"{out / foreign[0]} is not tinykit's, and the build has a file of that name.",
            hint="move it away, or name another folder.",
        )
    aside = stage / _EARLIER
    moves = [(out / name, aside / name) for name in earlier if os.path.lexists(out / name)]
    moves += [(stage / name, out / name) for name in new]
    # Both at first: where the process is killed, the next build still knows every file as its own.
    _write_list(out, [*earlier, *new])
    begun = []
    try:
        for source, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            begun.append((source, target))
            source.replace(target)
    except BaseException:
        for source, target in reversed(begun):
            if not os.path.lexists(source):
                target.replace(source)
        _remove_empty_of(new, out)
        if earlier:
            _write_list(out, earlier)
        else:
            (out / MARK).unlink()
        raise
    _remove_empty_of(earlier, out)
    _write_list(out, new)


def _write_list(out: Path, names: Iterable[str]) -> None:
    document = {"schema": SCHEMA, "schema_version": 1, "files": sorted(set(names))}
    draft = out / _NEW / MARK
    draft.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    draft.replace(out / MARK)


def _keep(stage: Path, out: Path) -> Path:
    """Move ``stage`` beside ``out``, in place of what an earlier failure left there; return where it is."""
    (stage / _FAILED).write_text(
        "A build that failed; the next one that fails replaces it.\n", encoding="utf-8"
    )
    beside, inside = out.with_name(f"{out.name}.failed"), out / _FAILED
    for kept in (beside, inside):
        with contextlib.suppress(OSError):  # beside a folder, one may not be allowed to write
            if (kept / _FAILED).is_file() and not kept.is_symlink():
                shutil.rmtree(kept)
            if not os.path.lexists(kept):
                return stage.replace(kept)
    return stage


def _remove_empty_of(names: Iterable[str], out: Path) -> None:
    """Remove the folders of ``names`` inside ``out`` that are empty: somebody else's file keeps its own."""
    folders = {parent for name in names for parent in (out / name).parents if out in parent.parents}
    _remove_empty(sorted(folders, key=lambda folder: -len(folder.parts)))


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
