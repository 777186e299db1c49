"""Where tinykit keeps what it can make again: compiled helpers, the compiler's own cache."""

from __future__ import annotations

from pathlib import Path

from tinykit.errors import OutputError


def cache_folder(name: str) -> Path:
    """The folder ``name`` of the user's cache, made if need be. Raises OutputError, code CACHE."""
    from platformdirs import user_cache_path

    path = user_cache_path("tinykit") / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The cache folder {path} cannot be made: {error.strerror}.",
            hint="make it writable, or set XDG_CACHE_HOME to a folder that is.",
            code="CACHE",
        ) from error
    return path
