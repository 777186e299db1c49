"""Counting blocks as they run, in C or in Python, with the same result.

A *bucket* collects what a part of the program executes: 0 is everything outside the model, 1 is tk_invoke
itself, the layers follow. A block of a layer's own function switches to the layer's bucket and one of
tk_invoke switches back, so that shared kernels are charged to the layer that called them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tinykit.bench.decode import BlockCost


@dataclass(frozen=True)
class Tally:
    """What a bucket has executed: instructions, the least cycles, their spread, branches taken."""

    instructions: int = 0
    cycles: int = 0
    spread: int = 0
    taken: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.instructions + other.instructions,
            self.cycles + other.cycles,
            self.spread + other.spread,
            self.taken + other.taken,
        )

    def __sub__(self, other: Tally) -> Tally:
        return Tally(
            self.instructions - other.instructions,
            self.cycles - other.cycles,
            self.spread - other.spread,
            self.taken - other.taken,
        )


# Gives a block's cost, or None where it must not run (the machine then knows why), as outside the
# program's code.
Learn = Callable[[int, int], BlockCost | None]


@dataclass(frozen=True)
class Counted:
    """What a counter knows of the program: where its code is, and which bucket a block switches to."""

    base: int
    size_bytes: int
    buckets: int
    bucket_at: Mapping[int, int]
    taken_half_cycles: int


class Counter(Protocol):
    """Counts the blocks of one emulator."""

    name: str

    def attach(self, uc: Any) -> None:
        """Be called by ``uc`` for every block from now on."""

    def set_deadline(self, half_cycles: int) -> None:
        """Stop the emulator before the first block that begins at or after this time."""

    def was_stopped(self) -> bool:
        """Tell whether the emulator stopped because of the deadline last set."""

    def half_cycles(self) -> int:
        """The clock: twice the cycles of the model's middle."""

    def skip_to(self, half_cycles: int) -> None:
        """Let time pass in which nothing is executed."""

    def tally(self, bucket: int) -> Tally:
        """What ``bucket`` has executed so far."""


class PythonCounter:
    """The fall-back: some 30 million instructions a second. Must agree with block_hook.c."""

    name = "python"

    def __init__(self, program: Counted, learn: Learn) -> None:
        self._program = program
        self._learn = learn
        self._known: dict[tuple[int, int], tuple[BlockCost, int]] = {}
        self._tallies = [[0, 0, 0, 0] for _ in range(program.buckets)]
        self._bucket = self._clock = self._expected = self._deadline = 0
        self._stopped = False

    def attach(self, uc: Any) -> None:
        """See `Counter`."""
        from unicorn import UC_HOOK_BLOCK

        uc.hook_add(UC_HOOK_BLOCK, self._hook)

    def _hook(self, uc: Any, address: int, size: int, user: object) -> None:
        if self._clock >= self._deadline:
            self._stopped = True
            uc.emu_stop()
            return
        found = self._known.get((address, size))
        if found is None:
            cost = self._learn(address, size)
            if cost is None:
                uc.emu_stop()
                return
            found = self._known[address, size] = (cost, self._program.bucket_at.get(address, -1))
        cost, bucket = found
        if bucket >= 0:
            self._bucket = bucket
        taken = address != self._expected
        tally = self._tallies[self._bucket]
        tally[0] += cost.instructions
        tally[1] += cost.cycles
        tally[2] += cost.spread
        tally[3] += taken
        self._clock += 2 * cost.cycles + cost.spread + taken * self._program.taken_half_cycles
        self._expected = address + size

    def set_deadline(self, half_cycles: int) -> None:
        """See `Counter`."""
        self._deadline = half_cycles
        self._stopped = False

    def was_stopped(self) -> bool:
        """See `Counter`."""
        return self._stopped

    def half_cycles(self) -> int:
        """See `Counter`."""
        return self._clock

    def skip_to(self, half_cycles: int) -> None:
        """See `Counter`."""
        self._clock = max(self._clock, half_cycles)

    def tally(self, bucket: int) -> Tally:
        """See `Counter`."""
        return Tally(*self._tallies[bucket])


class _Cost(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("instructions", ctypes.c_uint16),
        ("cycles", ctypes.c_uint16),
        ("spread", ctypes.c_uint16),
        ("bucket", ctypes.c_uint16),
    )


class _Tally(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("instructions", "cycles", "spread", "taken"))


_LEARN = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_uint64, ctypes.c_uint32)


class _Counter(ctypes.Structure):
    _fields_ = (
        ("half_cycles", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("expected", ctypes.c_uint64),
        ("base", ctypes.c_uint64),
        ("halfwords", ctypes.c_uint64),
        ("taken_half_cycles", ctypes.c_uint64),
        ("bucket", ctypes.c_uint64),
        ("stopped", ctypes.c_uint64),
        ("costs", ctypes.POINTER(_Cost)),
        ("tallies", ctypes.POINTER(_Tally)),
        ("learn", _LEARN),
        ("stop", ctypes.c_void_p),
    )


class CCounter:
    """The C hook, called by unicorn without Python in between."""

    name = "c"

    def __init__(self, program: Counted, learn: Learn, library: ctypes.CDLL) -> None:
        self._program = program
        self._ask = learn
        self._function = ctypes.cast(library.tk_block_hook, ctypes.c_void_p)
        halfwords = program.size_bytes // 2
        self._costs = (_Cost * halfwords)()
        self._tallies = (_Tally * program.buckets)()
        self._learn = _LEARN(self._learn_block)  # kept, or it is collected under C's feet
        self._handle = ctypes.c_size_t()
        self._state = _Counter(
            base=program.base,
            halfwords=halfwords,
            taken_half_cycles=program.taken_half_cycles,
            costs=self._costs,
            tallies=self._tallies,
            learn=self._learn,
        )

    def attach(self, uc: Any) -> None:
        """Hook into unicorn's library.

        Raises AttributeError or ImportError where its private names have changed.
        """
        from unicorn import UC_HOOK_BLOCK
        from unicorn.unicorn_py3.unicorn import uclib

        self._state.stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p)
        failed = uclib.uc_hook_add(
            uc._uch,
            ctypes.byref(self._handle),
            ctypes.c_int(UC_HOOK_BLOCK),
            self._function,
            ctypes.byref(self._state),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
        )
        if failed:
            raise AttributeError(f"uc_hook_add answers {failed}")

    def _learn_block(self, address: int, size: int) -> int:
        cost = self._ask(address, size)
        if cost is None:
            return 1
        at = (address - self._program.base) // 2
        bucket = self._program.bucket_at.get(address, -1) + 1
        self._costs[at] = _Cost(size, cost.instructions, cost.cycles, cost.spread, bucket)
        return 0

    def set_deadline(self, half_cycles: int) -> None:
        """See `Counter`."""
        self._state.deadline = half_cycles
        self._state.stopped = 0

    def was_stopped(self) -> bool:
        """See `Counter`."""
        return bool(self._state.stopped)

    def half_cycles(self) -> int:
        """See `Counter`."""
        return int(self._state.half_cycles)

    def skip_to(self, half_cycles: int) -> None:
        """See `Counter`."""
        self._state.half_cycles = max(int(self._state.half_cycles), half_cycles)

    def tally(self, bucket: int) -> Tally:
        """See `Counter`."""
        one = self._tallies[bucket]
        return Tally(one.instructions, one.cycles, one.spread, one.taken)
