"""Listening to a board without asking it anything."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinykit.running.places.serial import baud_of, plan_of
from tinykit.running.serial.link import LineError
from tinykit.running.serial.port import open_link
from tinykit.running.targets import Target
from tinykit.wire import Kind, Line, encode, parse

_LOOK_S = 0.25


@dataclass(frozen=True)
class Heard:
    """A line, and when it had come, in seconds since the port was opened."""

    t_s: float
    line: Line

    def to_json(self) -> str:
        """One line of JSON."""
        line = self.line
        return json.dumps(
            {
                "schema": "tinykit.monitor",
                "schema_version": 1,
                "t_s": round(self.t_s, 6),
                "kind": line.kind.value,
                "name": line.name,
                "fields": list(line.fields),
                "text": line.text,
            }
        )


def monitor(target: Target, commands: Sequence[str] = (), seconds: float | None = None) -> Iterator[Heard]:
    """Every line that comes, for ``seconds`` or until the caller stops.

    ``commands`` are sent first: each once the one before is answered, the first once the board is quiet,
    since one that starts or computes hears nothing. Raises DeviceError as `open_link` does; LineError, code
    PORT_LOST; UsageError for a command that cannot be sent.
    """
    unsent = deque(encode(command) for command in commands)
    link = open_link(target.where, baud_of(target), plan_of(target))
    t_open = time.monotonic()
    try:
        is_free = True  # as far as its silence tells
        while seconds is None or time.monotonic() - t_open < seconds:
            try:
                text = link.line(time.monotonic() + _LOOK_S)
            except LineError as error:
                if error.code != "BOARD_SILENT":
                    raise
                if unsent and is_free:
                    is_free = False
                    link.write(unsent.popleft())
                continue
            heard = Heard(time.monotonic() - t_open, parse(text))
            if unsent and heard.line.kind is Kind.READY:
                is_free = False
                link.write(unsent.popleft())
            yield heard
    finally:
        link.close()
