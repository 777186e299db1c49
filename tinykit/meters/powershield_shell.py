"""PowerShield's command line: send a line, find its answer. Everything has a deadline."""

from __future__ import annotations

import re
import time

from tinykit.errors import MeterError
from tinykit.meters.port import Port

ANSWER_S = 2.0
DETAIL_S = 0.3
_PROMPT = "PowerShield > "
# A line's end, or a frame's: while sampling in binary, answers come as text inside frames.
_LINE = re.compile(rb"([^\r\n\xff]*)(?:\r?\n|\xff\xff)")


class Shell:
    """Commands over ``port``. Bytes that are no answer are handed to nobody, except while sampling."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def send(self, command: str) -> None:
        """Send a line and wait for nothing."""
        self._port.write(command.encode("ascii") + b"\n")

    def ask(self, command: str, timeout_s: float = ANSWER_S) -> str:
        """Send ``command``; what its ``ack`` says behind it. MeterError: METER_SILENT, METER_REFUSED."""
        return self.ask_raw(command, timeout_s)[0]

    def ask_raw(self, command: str, timeout_s: float = ANSWER_S) -> tuple[str, bytes, bytes]:
        """As :meth:`ask`, and all bytes up to the end of the answer, and those behind it."""
        self.send(command)
        received, at = b"", 0
        deadline_s = time.monotonic() + timeout_s
        while True:
            while line := _LINE.search(received, at):
                at = line.end()
                text = line[1].decode("ascii", "replace").strip("\0 ")
                _, prompt, answer = text.partition(_PROMPT)
                if prompt and answer.startswith("err"):
                    raise self._refused(command, answer, received[at:])
                if prompt and (rest := _after_ack(answer, command)) is not None:
                    return rest, received[:at], received[at:]
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise self._silent(command, timeout_s, received)
            received += self._port.read(left_s)

    def drain(self, quiet_s: float, limit_s: float) -> bytes:
        """Read until nothing comes for ``quiet_s``, ``limit_s`` at most."""
        received = b""
        deadline_s = time.monotonic() + limit_s
        while (chunk := self._port.read(quiet_s)) and time.monotonic() < deadline_s:
            received += chunk
        return received + chunk

    def _refused(self, command: str, answer: str, behind: bytes) -> MeterError:
        """The error; firmware may explain itself in one more line, and may not."""
        deadline_s = time.monotonic() + DETAIL_S
        detail = re.compile(rb"Error detail: *([^\r\n]*)\r?\n")
        while not (found := detail.search(behind)) and (left_s := deadline_s - time.monotonic()) > 0:
            behind += self._port.read(left_s)
        said = f"{answer}; {found[1].decode('ascii', 'replace')}" if found else answer
        return MeterError(
            f"The shield refuses '{command}': it says '{said}'.",
            hint="does its firmware know the command, and is nobody holding its buttons? Press its reset.",
            code="METER_REFUSED",
        )

    def _silent(self, command: str, timeout_s: float, received: bytes) -> MeterError:
        said = (
            f"only '{received[-60:].decode('ascii', 'replace').strip()}' came" if received else "nothing came"
        )
        return MeterError(
            f"The shield on '{self._port.name}' did not answer '{command}' within {timeout_s:g} s: {said}.",
            hint="is this its port, and is no terminal program open on it? Unplug it and plug it in again.",
            code="METER_SILENT",
        )


def _after_ack(answer: str, command: str) -> str | None:
    """What follows the acknowledged command, which must be there as it was sent; else None."""
    acknowledged = f"ack {command}"
    if not answer.startswith(acknowledged):
        return None
    rest = answer[len(acknowledged) :]
    return rest.lstrip(": ").rstrip() if not rest or rest[0] in ": " else None


def shell_number(text: str) -> float:
    """``3292-03`` → 3.292: a mantissa and a signed power of ten. Raises ValueError."""
    found = re.fullmatch(r"(\d+)(?:([+-]\d+))?", text.strip())
    if found is None:
        raise ValueError(f"'{text}' is no number of the shield's")
    return float(f"{found[1]}e{found[2] or 0}")
