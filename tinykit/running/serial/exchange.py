"""Strict half duplex: one command, its reply up to ``m-ready``, and nothing taken that is not part of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tinykit.running.serial.link import LineError, Link
from tinykit.wire import MESSAGES, Kind, Line, encode, parse

T = TypeVar("T")

_BANNER = frozenset({"timestamp-mode", "init-done"})
# No reply in the dialect but `db print` and `tk output` is longer; those say how long they are.
_REPLY_BYTES = 2048
_DECLARED = {message.name: message for message in MESSAGES}
_FORMS = {
    kind: re.compile(form)
    for kind, form in (("u", r"\d+"), ("d", r"-?\d+"), ("x", r"[0-9a-fA-F]{8}"), ("s", ".*"))
}
_BLANK = b"\r\n\0 "
ATTEMPTS = 3


@dataclass(frozen=True)
class Patience:
    """How long is waited beyond what the wire and the work take, in seconds.

    ``turnaround_s`` is a board's time to begin an answer, ``quiet_s`` a silence that ends a drain,
    ``boot_s`` all of a board's start.
    """

    turnaround_s: float = 2.0
    quiet_s: float = 0.05
    boot_s: float = 10.0


@dataclass(frozen=True)
class Reply:
    """The lines of a reply before ``m-ready``, without blank ones; ``t_lines_s`` is when each was read."""

    lines: tuple[Line, ...]
    t_lines_s: tuple[float, ...]
    t_sent_s: float
    t_ready_s: float

    def all(self, name: str) -> tuple[Line, ...]:
        """The messages called ``name``."""
        return tuple(line for line in self.lines if line.kind is Kind.MESSAGE and line.name == name)


class Exchange:
    """The two ends' turns on ``link``. ``stop`` is what makes the board forget half a command."""

    # A lone terminator is an empty command, which the reference firmware reads through a null pointer.
    def __init__(self, link: Link, patience: Patience | None = None, stop: bytes = b"name%") -> None:
        self.link = link
        self.patience = patience or Patience()
        self.stop = stop
        self.retries = 0

    def ask(
        self, command: str, *arguments: object, work_s: float = 0.0, reply_bytes: int = _REPLY_BYTES
    ) -> Reply:
        """Send a command and give its reply.

        ``work_s`` is what the board may compute, ``reply_bytes`` the most that it says. Raises LineError:
        BOARD_REFUSED for an error reply, BOARD_RESET, BOARD_FAULT, BOARD_SILENT, REPLY_DAMAGED, PORT_LOST.
        """
        link = self.link
        sent = encode(command, *arguments)
        self._nothing_before()
        t_sent = link.clock()
        link.write(sent)
        deadline = t_sent + self.patience.turnaround_s + work_s + link.wire_s(len(sent) + reply_bytes)
        lines: list[Line] = []
        times: list[float] = []
        while True:
            text = link.line(deadline)
            line = parse(_without_echo(text, sent) if not lines else text)
            now = link.clock()
            if line.kind is Kind.READY:
                break
            if line.text:
                lines.append(line)
                times.append(now)
            if line.kind is Kind.ERROR and line.name == "fault":
                raise self._fault(line)
        self._sound(lines, command)
        return Reply(tuple(lines), tuple(times), t_sent, now)

    def tell(self, command: str, argument: str) -> None:
        """A command whose reply is ``m-ready`` alone most of the time, as fast as can be."""
        self.ask(command, argument, reply_bytes=64)

    def one(self, reply: Reply, name: str) -> Line:
        """The one message called ``name``. Raises LineError, code REPLY_DAMAGED, for none or several."""
        found = reply.all(name)
        if len(found) != 1:
            raise self.damaged(f"{len(found)} lines '{name}' in a reply that has one")
        return found[0]

    def damaged(self, what: str) -> LineError:
        """A reply that is not what it must be."""
        return self.link.error(
            f"the exchange is damaged: {what}",
            hint="a shorter cable or a lower baud helps; another program on the same port does this too.",
            code="REPLY_DAMAGED",
        )

    def retry(self, action: Callable[[], T], attempts: int = ATTEMPTS) -> T:
        """Do ``action``, which must be safe to repeat, until its exchanges are sound.

        Raises the last LineError after ``attempts``, and at once one that is not retryable.
        """
        for left in range(attempts - 1, -1, -1):
            try:
                return action()
            except LineError as error:
                if not error.retryable or left == 0:
                    raise
                self.retries += 1
                self.resync()
        raise AssertionError("attempts must be at least 1")

    def knows(self, action: Callable[[], T], word: str) -> T | None:
        """What ``action`` gives, or None for a board that does not know its command ``word``.

        One refusal may be the line's; two that name the same word are the board's.
        """
        said = set()
        for _ in range(2):
            try:
                return action()
            except LineError as error:
                if error.code != "BOARD_REFUSED":
                    raise
                said.add(error.said)
                last = error
        if len(said) == 1 and word in last.said:
            return None
        raise last

    def resync(self, limit_s: float = 0.0) -> None:
        """Come back to where the board waits for a command. ``limit_s`` is what it may still be busy with.

        Raises LineError, code BOARD_SILENT, where it does not.
        """
        end = self.link.clock() + self.patience.boot_s + limit_s
        wait_s = self.patience.turnaround_s / 8
        while True:
            self.link.write(self.stop)
            self.link.drain(max(self.patience.quiet_s, wait_s), end - self.link.clock())
            try:
                self.greet(wait_s)
                return
            except LineError as error:
                if not error.retryable or self.link.clock() >= end:
                    raise
            wait_s = min(2 * wait_s, self.patience.turnaround_s)

    def greet(self, wait_s: float) -> str:
        """Ask for the board's name; give its line's text, "" where it has none.

        Raises LineError where no sound and lonely answer comes.
        """
        kept = self.patience
        self.patience = Patience(wait_s, kept.quiet_s, kept.boot_s)
        try:
            reply = self.ask("name", reply_bytes=128)
        finally:
            self.patience = kept
        late = self.link.drain(kept.quiet_s, kept.quiet_s).strip(_BLANK)
        said = [line for line in reply.lines if line.kind is Kind.MESSAGE]
        names = [line for line in said if line.text.startswith("m-name")]
        if late or len(names) != 1 or len(said) != 1:
            raise self.damaged("the answer to 'name' is mixed with another")
        return names[0].text

    def _nothing_before(self) -> None:
        """What the board says unasked would be taken for the answer to the next command."""
        unasked = self.link.waiting()
        if not unasked.strip(_BLANK):
            self.link.forget()
            return
        if any(f"m-{word}".encode() in unasked for word in _BANNER):
            raise self._reset()
        raise self.damaged(f"{len(unasked)} bytes came unasked")

    def _sound(self, lines: list[Line], command: str) -> None:
        if any(line.name in _BANNER for line in lines):
            raise self._reset()
        if any(line.kind is Kind.MESSAGE and not _fits(line) for line in lines):
            raise self.damaged("a line has not the form of its kind")
        errors = [line for line in lines if line.kind is Kind.ERROR]
        if errors:
            raise self.link.error(
                f"the board refused '{command}': {errors[0].text[:80]}",
                hint="the line may have damaged the command; else the firmware does not know it.",
                code="BOARD_REFUSED",
                said=errors[0].text,
            )

    def _reset(self) -> LineError:
        return self.link.error(
            "the board has started anew in the middle",
            hint="check its power supply (a brown-out does this), its watchdog, and reset = in tinykit.toml.",
            code="BOARD_RESET",
        )

    def _fault(self, line: Line) -> LineError:
        return self.link.error(
            f"the firmware has failed at pc {line.fields[0]}, lr {line.fields[1]}, CFSR {line.fields[2]}",
            hint="reset the board; run the same image on an emulated board to see the function's name.",
            code="BOARD_FAULT",
            retryable=False,
        )


def _fits(line: Line) -> bool:
    """Whether a line with a declared name has that message's fields: a cut one has the name alone."""
    message = _DECLARED.get(line.name)
    if message is None:
        return True
    kinds = [field.kind for field in message.fields]
    if "*" in kinds:
        return line.text.startswith(message.parts[0]) and line.text.endswith(message.parts[-1])
    if len(kinds) != len(line.fields):
        return False
    return all(_FORMS[kind].fullmatch(field) for kind, field in zip(kinds, line.fields, strict=True))


def _without_echo(text: str, sent: bytes) -> str:
    """A board or an adapter that echoes puts the command, which has no line end, before the first line."""
    return text.removeprefix(sent.decode("ascii"))
