"""``clock.bin``: an emulated meter says what its own time was when its bytes went to the host.

Pairs of float64, little endian: by time.monotonic() of the first, all had been handed over that was measured
until the second, in s of the emulator's time. A host that knows can tell a slow machine from lost samples.
"""

from __future__ import annotations

import struct
from collections import deque
from pathlib import Path

from tinykit.errors import OutputError

CLOCK = "clock.bin"
_PAIR = struct.Struct("<dd")


class ClockFile:
    """Writes the file ``path``; nothing where that is empty. Raises OutputError where it cannot be made."""

    def __init__(self, path: str) -> None:
        self._marks: deque[tuple[int, float, float]] = deque()
        self._queued = self._sent = 0
        self._passed: tuple[int, float] | None = None
        try:
            self._file = Path(path).open("wb", buffering=0) if path else None  # noqa: SIM115 - closed by us
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written: {error.strerror}.", hint="name another folder."
            ) from error

    def queued(self, size_bytes: int, t_s: float | None, began_s: float = 0.0) -> None:
        """To be sent, what was measured until ``t_s`` (None: no samples); 0 where it is lost.

        The stream that it belongs to began at ``began_s``: none of its samples is older.
        """
        self._queued += size_bytes
        if self._file is not None and t_s is not None:
            self._marks.append((self._queued, t_s, began_s))

    def sent(self, size_bytes: int, t_host_s: float) -> None:
        """So much has been sent since ``t_host_s``, which was taken before: no byte may come too early."""
        self._sent += size_bytes
        if self._file is None or not self._marks:
            return
        while self._marks and self._marks[0][0] <= self._sent:
            self._passed = self._marks.popleft()[:2]
        if self._passed is not None:
            self._file.write(_PAIR.pack(t_host_s, self._time_s(*self._passed)))

    def _time_s(self, place: int, t_s: float) -> float:
        """The own time of the last byte sent, which may lie between two marks."""
        if not self._marks or self._sent <= place:
            return t_s
        next_place, next_s, began_s = self._marks[0]
        since_s = max(t_s, began_s)
        return since_s + (next_s - since_s) * (self._sent - place) / (next_place - place)

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()
