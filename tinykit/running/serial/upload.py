"""The binary upload: COBS frames with CRC-32, several in flight, go-back on what was refused or lost."""

from __future__ import annotations

from tinykit.running.serial.exchange import Exchange
from tinykit.running.serial.link import LineError
from tinykit.wire import Kind, frames, parse
from tinykit.wire.frames import abort, answer

_LOW = 0x3F
# A line that loses this many windows in a row is no line.
_MOST_STALLS = 4


def upload(exchange: Exchange, data: bytes, payload_bytes: int, window: int) -> None:
    """Put ``data`` into the board's buffer. Raises LineError; the board is then told to give up."""
    reply = exchange.ask("tk load", len(data), reply_bytes=64)
    if exchange.one(reply, "tk-load").fields != (str(len(data)),):
        _give_up(exchange)
        raise exchange.damaged("the board expects another number of bytes")
    try:
        _send(exchange, list(frames.split(data, payload_bytes)), window)
    except BaseException:  # Ctrl-C too: the board must not be left waiting for frames
        _give_up(exchange)
        raise
    _finish(exchange)


def _send(exchange: Exchange, pieces: list[bytes], window: int) -> None:
    link = exchange.link
    flight_s = link.wire_s(window * max(map(len, pieces))) + exchange.patience.turnaround_s / 4
    base = following = stalls = 0
    while base < len(pieces):
        while following < min(base + window, len(pieces)):
            link.write(pieces[following])
            following += 1
        try:
            heard = answer(link.byte_or_text(link.clock() + flight_s))
        except LineError as error:
            stalls += 1
            if error.code != "BOARD_SILENT" or stalls > _MOST_STALLS:
                raise
            following = base
            continue
        if heard is None:
            raise exchange.damaged("the board speaks in the middle of an upload")
        ahead = (heard.sequence - base) & _LOW
        if heard.accepted and ahead < following - base:
            base, stalls = base + ahead + 1, 0
        elif not heard.accepted and ahead <= following - base:
            # Frames behind the refused one are refused as well, one answer each: go back once.
            base += ahead
            _skip_refusals(exchange, following - base - 1)
            following = base
            stalls += 1
            if stalls > _MOST_STALLS * window:
                raise exchange.damaged("the board refuses frame after frame")


def _skip_refusals(exchange: Exchange, count: int) -> None:
    """Take in the answers to what was in flight behind a refused frame, as far as they come."""
    link = exchange.link
    for _ in range(count):
        try:
            link.byte_or_text(link.clock() + link.wire_s(1024) + exchange.patience.quiet_s)
        except LineError as error:
            if error.code != "BOARD_SILENT":
                raise
            return


def _finish(exchange: Exchange) -> None:
    """Late answers may stand before the text: they have the high bit set, and text has not."""
    link = exchange.link
    deadline = link.clock() + exchange.patience.turnaround_s + link.wire_s(64)
    names = []
    while True:
        text = link.line(deadline, skip_high=True)
        line = parse(text)
        if line.kind is Kind.READY:
            break
        if line.text:
            names.append(line.name)
    if names != ["load-done"]:
        raise exchange.damaged("the upload did not end as it must")


def _give_up(exchange: Exchange) -> None:
    exchange.link.write(b"\0" + abort())
