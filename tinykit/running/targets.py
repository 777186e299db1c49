"""Targets by name: what ``--on`` means, with what ``tinykit.toml`` says about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinykit.config import Config
from tinykit.errors import UsageError


@dataclass(frozen=True)
class Target:
    """Something to run on. ``name`` is what the user calls it, ``where`` the place's own name or port.

    ``baud``, ``board`` and ``reset`` are for serial ports: None and "" where nothing was said.
    """

    name: str
    where: str
    baud: int | None = None
    board: str = ""
    reset: str = ""
    threads: int = 1


def find_targets(
    names: Sequence[str], config: Config, *, baud: int | None = None, threads: int = 1
) -> tuple[Target, ...]:
    """What each of ``names`` means; without names, the configuration's default target.

    Raises UsageError, code NO_TARGET, where there is no name at all, or one twice.
    """
    chosen = list(names) or ([config.defaults.target] if config.defaults.target else [])
    if not chosen:
        raise UsageError(
            "There is nothing to run on.",
            hint="give --on host, --on virtual-m4, --on auto, a port, or a name from tinykit.toml.",
            code="NO_TARGET",
        )
    targets = tuple(_find(name, config, baud, threads) for name in chosen)
    seen: set[str] = set()
    for target in targets:
        if target.where in seen:
            raise UsageError(
                f"{target.where} is given twice.", hint="name each target once.", code="TARGET_TWICE"
            )
        seen.add(target.where)
    return targets


def _find(name: str, config: Config, baud: int | None, threads: int) -> Target:
    entry = config.targets.get(name)
    if entry is None:
        return Target(name, name, baud, threads=threads)
    where = entry.port or entry.board
    if where is None:
        raise UsageError(
            f"[targets.{name}] in {config.path} names neither a port nor a board.",
            hint='add port = "/dev/ttyACM0", or board = "virtual-m4" for an emulated one.',
            code="NO_TARGET",
        )
    return Target(name, where, baud or entry.baud, entry.board or "", entry.reset or "", threads)
