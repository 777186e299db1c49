"""A wire between an emulated PPK2's port and its host that remembers what has passed, and when."""

from __future__ import annotations

import bisect
import contextlib
import os
import select
import threading
import time
from pathlib import Path
from typing import Self

from tinykit.bench.host_port import PtyPort

_START = 0x06
_CHUNK = 1 << 16
_TICK_S = 0.002


class Relay:
    """Serves ``near`` while it is entered; opens the meter's port ``far`` whenever a host opens ``near``.

    A host that goes is a host that the meter sees go; a meter that goes is one that the host sees go.
    By time.monotonic() the host last said start at ``started_s``, and the meter went at ``gone_s``.
    """

    def __init__(self, far: Path, near: Path) -> None:
        self._far, self._near = far, PtyPort(near)
        self._meter: int | None = None
        self._waiting = bytearray()
        self._stream = bytearray()
        self._times: list[float] = []
        self._sizes: list[int] = []
        self._over = threading.Event()
        self.started_s = -float("inf")
        self.gone_s = float("inf")
        self._thread = threading.Thread(target=self._serve, name="relay", daemon=True)

    def stream(self) -> bytes:
        """What the host has been sent since it last said start; it may not have read all of it."""
        return bytes(self._stream)

    def sent_by(self, t_host_s: float) -> int:
        """How many bytes of `stream` had been sent by then (time.monotonic())."""
        at = bisect.bisect_right(self._times, t_host_s)
        return self._sizes[at - 1] if at else 0

    def sent_at(self, offset: int) -> float:
        """When the byte at ``offset`` was sent; infinity if it was not."""
        at = bisect.bisect_right(self._sizes, offset)
        return self._times[at] if at < len(self._times) else float("inf")

    def _serve(self) -> None:
        while not self._over.is_set():
            watched = [*self._near.watched(), *([] if self._meter is None else [self._meter])]
            ready = select.select(watched, [], [], _TICK_S)[0]
            if not ready or not watched:
                self._over.wait(_TICK_S)
            try:
                self._to_meter(self._near.read())
                self._to_host()
            except OSError:  # the meter is gone
                break
        self._hang_up()
        self._near.close()
        self.gone_s = time.monotonic()

    def _to_meter(self, commands: bytes) -> None:
        if not self._near.is_open:
            self._hang_up()
            return
        if self._meter is None:
            self._meter = os.open(self._far, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        if commands.endswith(bytes([_START])):
            self._stream, self._times, self._sizes = bytearray(), [], []
            self.started_s = time.monotonic()
        if commands:
            os.write(self._meter, commands)

    def _to_host(self) -> None:
        if self._meter is None:
            return
        if len(self._waiting) < _CHUNK:
            with contextlib.suppress(BlockingIOError):
                self._waiting += self._read(self._meter)
        while self._waiting and (sent := self._near.write(bytes(self._waiting[:4096]))):
            self._stream += self._waiting[:sent]
            del self._waiting[:sent]
            self._times.append(time.monotonic())
            self._sizes.append(len(self._stream))

    def _read(self, meter: int) -> bytes:
        data = os.read(meter, _CHUNK)
        if not data:
            raise OSError("hung up")
        return data

    def _hang_up(self) -> None:
        if self._meter is not None:
            os.close(self._meter)
        self._meter = None
        self._waiting.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
