"""Sessions of ``tinykit measure`` that are cut off: killed, with a full disk, or with a dying meter or board.

Board and meter are emulated by ``tinykit emulate``; between meter and host a relay remembers every byte with
its time. SIGKILL strikes at points spread over the whole life of a session, from the start of the program to
its last file. Then, each time: what is on disk is what the meter sent, byte for byte; of what it had sent a
second before the end, nothing is missing; ``session recover`` makes a session of it, or says in a named error
that there is nothing; ``session verify`` finds it sound; a second analysis gives the same; every window's
joules are those that the emulator really took. Results: how many
ended where, windows whose joules were compared, and the longest loss in s.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from cut_sessions import MOST_LOST_S, Ended, Session, die, fill, kill, whole
from measured_rig import BOARD, MODEL, EmulatedRig

from tinykit.boards import load_board
from tinykit.compiler.image import build_model

KILLS, FULL_DISKS, DEATHS = 100, 10, 10
FAULTS = ("unplugged", "brown-out", "board-reset")
RIGS = 3
"""So many sessions at a time: they mostly wait."""
Cut = Callable[[EmulatedRig, Path], Ended]


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Cut off the share ``fraction`` of the sessions. Raises AssertionError where one does not hold."""
    rng = random.Random(seed)
    kills, full, deaths = (max(1, round(n * fraction)) for n in (KILLS, FULL_DISKS, DEATHS))
    with tempfile.TemporaryDirectory(prefix="tinykit-kill-") as name, ThreadPoolExecutor(RIGS) as pool:
        folder = Path(name)
        built = build_model(MODEL, load_board(BOARD), folder / "build", energy=True)
        assert built.image is not None
        elf = built.image.elf
        with ExitStack() as stack:
            rigs = [stack.enter_context(EmulatedRig(folder / f"rig{n}", elf)) for n in range(RIGS)]
            uncut = _longest(list(pool.map(lambda rig: whole(rig, rig.near / "whole"), rigs)))
            on_a_rig = partial(_on_a_rig, _queue(rigs), folder)
            cuts: list[tuple[str, Cut]] = [
                ("killed", partial(kill, after_s=after_s)) for after_s in _points(rng, uncut, kills)
            ]
            for _ in range(full):
                most = round(uncut.size_bytes * rng.uniform(0.05, 0.9))
                cuts.append(("full disk", partial(fill, most=most)))
            found = list(pool.map(on_a_rig, range(len(cuts)), cuts))
        dying: list[tuple[str, str, float | None]] = [
            ("meter and board killed", "", rng.uniform(0.1, 0.8) * uncut.recorded_s) for _ in range(deaths)
        ]
        dying += [(fault, fault, None) for fault in FAULTS]
        found += pool.map(partial(_on_its_own, folder, elf), range(len(dying)), dying)
    return {
        "sessions": dict(Counter(group for group, _ in found)),
        "ended": {
            group: dict(sorted(Counter(one.where for name, one in found if name == group).items()))
            for group in dict(found)
        },
        "windows_compared": sum(one.windows for _, one in found),
        "corrupt": 0,
        "longest_loss_s": round(max(one.lost_s for _, one in found), 3),
        "most_loss_s": MOST_LOST_S,
        "load_average": [round(one, 2) for one in os.getloadavg()],
        "whole_session_s": {"before": round(uncut.before_s, 2), "recorded": round(uncut.recorded_s, 2)},
    }


def _longest(sessions: list[Session]) -> Session:
    return max(sessions, key=lambda one: one.recorded_s)


def _queue(rigs: list[EmulatedRig]) -> SimpleQueue[EmulatedRig]:
    free: SimpleQueue[EmulatedRig] = SimpleQueue()
    for rig in rigs:
        free.put(rig)
    return free


def _on_a_rig(
    free: SimpleQueue[EmulatedRig], folder: Path, k: int, cut: tuple[str, Cut]
) -> tuple[str, Ended]:
    rig = free.get()
    try:
        return cut[0], cut[1](rig, folder / f"cut{k}")
    finally:
        free.put(rig)


def _on_its_own(folder: Path, elf: Path, k: int, dying: tuple[str, str, float | None]) -> tuple[str, Ended]:
    group, fault, after_s = dying
    with EmulatedRig(folder / f"dying{k}", elf, [fault] if fault else []) as rig:
        return group, die(rig, folder / f"died{k}", after_s)


def _points(rng: random.Random, uncut: Session, count: int) -> Iterator[float]:
    """Nine of ten points spread over the time from the recording's begin on, the others before it."""
    before = round(count / 10)
    for k in range(count - before):
        yield (k + rng.random()) / (count - before) * uncut.recorded_s
    for k in range(before):
        yield -(k + rng.random()) / before * uncut.before_s
