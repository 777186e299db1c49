"""The dialect that every MLPerf Tiny firmware speaks: input as hex, inferences between two times, floats."""

from __future__ import annotations

from dataclasses import dataclass

from tinykit.errors import InputError
from tinykit.running.result import Window
from tinykit.running.serial.exchange import Exchange, Reply
from tinykit.wire import Kind

# What the official runner sends at a time, so that every board's receiver has seen it.
CHUNK_BYTES = 31
_LAP_BITS = 32
_LAP_US = 1e-6
_ORDER = ("warmup-start", "warmup-done", "infer-start", "lap-us", "lap-us", "infer-done", "results")
_PRINTED_LINE_BYTES = 36
# A line of the reply is read within this time of its arrival, on a host with other work.
_HOST_SLACK_S = 0.05
_HOST_SLACK_SHARE = 0.02


@dataclass(frozen=True)
class Timed:
    """What `infer` gave. ``t_us`` are the board's times, None where it sends none (energy build)."""

    values: tuple[float, ...]
    t_us: tuple[int, int] | None
    host_s: float


def send_hex(exchange: Exchange, data: bytes, chunk: int = CHUNK_BYTES) -> None:
    """Put ``data`` into the board's buffer, as hex. Every exchange is awaited.

    Raises InputError, code INPUT_TOO_BIG, where the board says that it does not fit; LineError.
    """
    reply = exchange.ask("db load", len(data), reply_bytes=160)
    _refuse_oversize(exchange, reply, len(data))
    if exchange.one(reply, "expecting").fields != (str(len(data)),):
        raise exchange.damaged("the board expects another number of bytes")
    last = (len(data) - 1) // chunk
    for k in range(last):
        exchange.tell("db", data[k * chunk : (k + 1) * chunk].hex())
    exchange.one(exchange.ask("db", data[last * chunk :].hex(), reply_bytes=64), "load-done")


def _refuse_oversize(exchange: Exchange, reply: Reply, size: int) -> None:
    for line in reply.lines:
        if line.kind is Kind.TEXT and line.text.startswith("Supplied buffer size"):
            raise InputError(
                f"{exchange.link.name}: an input of {size} bytes is too big for the board: {line.text[:80]}.",
                hint="its firmware was built for another model.",
                code="INPUT_TOO_BIG",
            )


def read_back(exchange: Exchange, size: int) -> bytes | None:
    """The first ``size`` bytes of the board's buffer as it prints them; None where it cannot."""
    lines = -(-max(size, 8) // 8) + 2
    count = 4 * lines * _PRINTED_LINE_BYTES
    reply = exchange.knows(lambda: exchange.ask("db print", reply_bytes=count), "db")
    if reply is None:
        return None
    text = "-".join(field for line in reply.all("buffer") for field in line.fields)
    try:
        return bytes.fromhex(text.replace("-", ""))[:size]
    except ValueError as error:
        raise exchange.damaged("the printed buffer is no hex") from error


def sends_times(exchange: Exchange) -> bool:
    """Whether ``timestamp`` gives a time; an energy build pulses its marker instead. Asked twice."""
    given = {len(exchange.ask("timestamp", reply_bytes=64).all("lap-us")) for _ in range(2)}
    if given not in ({0}, {1}):
        raise exchange.damaged("the board gives a time once and not again")
    return given == {1}


def infer(exchange: Exchange, inferences: int, warmups: int, *, work_s: float, times: bool) -> Timed:
    """Run ``infer N W`` on what the buffer holds; ``work_s`` bounds what it may take.

    ``times`` says whether this board sends them (`sends_times`).

    Raises LineError: REPLY_DAMAGED for a missing, doubled, misplaced or wrong line.
    """
    reply = exchange.ask("infer", inferences, warmups, work_s=work_s)
    known = [(k, line) for k, line in enumerate(reply.lines) if line.name in _ORDER]
    names = tuple(line.name for _, line in known)
    laps = [(k, line) for k, line in known if line.name == "lap-us"]
    order = _ORDER if times else tuple(name for name in _ORDER if name != "lap-us")
    if names != order:
        raise exchange.damaged(f"{len(laps)} times, and the lines {', '.join(names)[:120]}")
    for name, wanted in (("infer-start", inferences), ("warmup-start", warmups)):
        if exchange.one(reply, name).fields != (str(wanted),):
            raise exchange.damaged(f"'{name}' is not {wanted}")
    values = read_values(exchange, exchange.one(reply, "results").fields)
    between = [
        k for k, line in known if line.name in (("lap-us",) if laps else ("infer-start", "infer-done"))
    ]
    seen_s = reply.t_lines_s[between[1]] - reply.t_lines_s[between[0]]
    host_s = max(seen_s, _whole_s(exchange, reply) * inferences / (inferences + warmups))
    return Timed(values, (int(laps[0][1].fields[0]), int(laps[1][1].fields[0])) if laps else None, host_s)


def _whole_s(exchange: Exchange, reply: Reply) -> float:
    """The exchange without its bytes' time: what a board takes that sends all its lines in the end."""
    count = sum(len(line.text) + 2 for line in reply.lines) + 16
    return reply.t_ready_s - reply.t_sent_s - exchange.link.wire_s(count)


def results(exchange: Exchange) -> tuple[float, ...] | None:
    """The last results once more; None where the firmware does not know the command."""
    reply = exchange.knows(lambda: exchange.ask("results"), "results")
    if reply is None:
        return None
    return read_values(exchange, exchange.one(reply, "results").fields)


def read_values(exchange: Exchange, fields: tuple[str, ...]) -> tuple[float, ...]:
    """Numbers of a results line. Raises LineError, code REPLY_DAMAGED."""
    try:
        return tuple(float(field) for field in fields)
    except ValueError as error:
        raise exchange.damaged("a result is no number") from error


def lap_window(exchange: Exchange, timed: Timed, inferences: int, warmups: int) -> Window:
    """The window between two times of a 32-bit or wider microsecond clock, or by the host's clock.

    A 32-bit clock wraps every 71.6 minutes: an end before the start is one wrap later.
    """
    if timed.t_us is None:
        return Window(inferences, 0.0, timed.host_s, "host, over the line", _HOST_SLACK_S, warmups)
    start, end = timed.t_us
    if end < start:
        if start >> _LAP_BITS or end >> _LAP_BITS:
            raise exchange.damaged(f"the time goes back from {start} to {end} us")
        end += 1 << _LAP_BITS
    return Window(inferences, start * _LAP_US, end * _LAP_US, "board, microseconds", _LAP_US, warmups)


def clocks_agree(duration_s: float, host_s: float) -> bool:
    """Whether the board's duration is the one that the host saw, as nearly as the host can tell."""
    slack = _HOST_SLACK_S + _HOST_SLACK_SHARE * max(duration_s, host_s)
    return abs(duration_s - host_s) <= slack
