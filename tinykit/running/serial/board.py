"""A board with tinykit's firmware: raw bytes in and out, each under a CRC."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from tinykit.errors import InputError
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array, Capabilities, LayerCost, Window
from tinykit.running.runner import Device, Inferred
from tinykit.running.serial import strict
from tinykit.running.serial.exchange import Exchange
from tinykit.running.serial.info import BoardInfo, identify
from tinykit.running.serial.link import LineError, Tap
from tinykit.running.serial.pace import Pace, Seen, agreed, timed_window
from tinykit.running.serial.upload import upload
from tinykit.running.workload import Model

STOP = b"\x03"
_HEX_CHUNK = 38
# `tk go%`, its answer and the end's.
_GO_BYTES = 48
# Of the timer's range: a window is never expected to come nearer to a wrap.
_FULL_TIMER = 0.8
# An emulated board rests in time of its own; with a meter beside it on a busy computer that passes slowly.
_EMULATED_SLOWER = 10


class TinykitBoard:
    """The board behind ``exchange``. ``model`` is what the caller wants there, None for whatever is.

    ``simulated`` where no hardware stands behind the port, as far as this side knows.
    """

    def __init__(
        self,
        exchange: Exchange,
        info: BoardInfo,
        model: Model | None,
        *,
        simulated: bool = False,
        binary: bool = True,
    ) -> None:
        exchange.stop = STOP
        self._exchange = exchange
        self._info = info
        self._binary = binary
        self._pace = Pace(None if model is None else model.macs, sends_times=info.build == "performance")
        self._fresh_each = model is not None and not model.stateful
        self._latency_s = 0.0
        if model is not None and info.model_sha256 != model.sha256:
            raise InputError(
                f"{exchange.link.name}: the board carries another model (its hash is {info.model_sha256[:8]},"
                f" that of {model.path.name} {model.sha256[:8]}).",
                hint="build this model for the board and flash it; or give the image that is on it.",
                code="BOARD_OTHER_MODEL",
            )
        self.device = Device(
            ran_on=exchange.link.name,
            text=f"{info.board}, tinykit firmware {info.firmware_sha256[:8]}, {info.build} build,"
            f" {info.clock_hz / 1e6:g} MHz",
            simulated=simulated,
            capabilities=Capabilities(
                times_itself=True,
                has_marker=True,
                profiles_layers=True,
                can_sleep=True,
            ),
            inputs=info.inputs if model is None else model.inputs,
            outputs=info.outputs if model is None else model.outputs,
            board=info.board,
            model_sha256=info.model_sha256,
            firmware_sha256=info.firmware_sha256,
        )

    def infer(self, arrays: Sequence[Array], progress: Progress = SILENT) -> Inferred:
        """Upload, run, fetch, verify, row by row. A stream that breaks is run again from its start."""
        rows = [b"".join(row) for row in zip(*map(_row_bytes, arrays), strict=True)]
        progress.start(f"Running {len(rows)} inferences on {self.device.ran_on}", len(rows))
        link = self._exchange.link
        t_start, before = link.clock(), (link.sent_bytes, link.received_bytes)
        if self._fresh_each:
            raw = [self._exchange.retry(partial(self._once, row, progress)) for row in rows]
        else:
            raw = self._exchange.retry(lambda: self._stream(rows, progress))
        took_s = link.clock() - t_start
        columns = [b"".join(row[i] for row in raw) for i in range(len(self.device.outputs))]
        outputs = tuple(
            np.frombuffer(column, spec.dtype).reshape(len(rows), *spec.row_shape)
            for column, spec in zip(columns, self.device.outputs, strict=True)
        )
        progress.finish(f"{took_s / len(rows) * 1e3:.3g} ms a sample, transfer included")
        return Inferred(
            outputs, transfer=_transfer(link.sent_bytes - before[0], took_s, len(rows), link.baud)
        )

    def window(self, inferences: int, warmups: int = 0) -> Window:
        """Time ``inferences`` by the board's clock, or by the host's where it has none to tell.

        By ``tk go``, whose window holds no text; by ``infer`` where the timer's 32 bits would not last.
        """
        simulated = self.device.simulated
        if inferences * self._latency_s * self._info.timer_hz > _FULL_TIMER * 2**32:
            return timed_window(self._exchange, self._pace, inferences, warmups, simulated=simulated)
        return agreed(self._exchange, lambda: self._armed(inferences, warmups), simulated=simulated)

    def _armed(self, inferences: int, warmups: int) -> Seen:
        link = self._exchange.link
        self.arm(inferences, warmups)
        t_start = link.clock()
        window = self.go(inferences)
        host_s = link.clock() - t_start
        self._pace.saw(inferences, host_s)
        return Seen(replace(window, warmups=warmups), host_s if self._pace.sends_times else None)

    def layers(self) -> tuple[LayerCost, ...]:
        """Ticks of the board's timer, layer by layer; the sum must be the total that it sends."""
        return self._exchange.retry(self._profile)

    def rest(self, state: str, duration_ms: int) -> None:
        """Let the board idle or sleep, and wait for it to come back."""
        work_s = duration_ms / 1e3 * (_EMULATED_SLOWER if self.device.simulated else 1)
        reply = self._exchange.ask(f"tk {state}", duration_ms, work_s=work_s, reply_bytes=64)
        if self._exchange.one(reply, f"tk-{state}").fields != (str(duration_ms),):
            raise self._exchange.damaged("the board rests for another time than it was told")

    def load(self, row: Sequence[Array]) -> None:
        """Put one row (an array an input, first axis 1) into the board's buffer, and run nothing.

        A streaming model begins anew. The marker does not move: a meter may be watching.
        """
        data = b"".join(_row_bytes(array)[0] for array in row)
        self._exchange.retry(lambda: self._load_fresh(data))

    def fetch(self) -> tuple[Array, ...]:
        """The outputs of the last inference, each with a first axis of 1."""
        raw = self._exchange.retry(lambda: tuple(self._output(i) for i in range(len(self._info.outputs))))
        return tuple(
            np.frombuffer(data, spec.dtype).reshape(1, *spec.row_shape)
            for data, spec in zip(raw, self.device.outputs, strict=True)
        )

    def arm(self, inferences: int, warmups: int = 0) -> None:
        """Ready for `go`: warm-ups done, marker low."""
        reply = self._exchange.ask("tk arm", inferences, warmups, work_s=self._pace.work_s(warmups + 1))
        if self._exchange.one(reply, "tk-armed").fields != (str(inferences),):
            raise self._exchange.damaged("the board is armed for another number of inferences")

    def go(self, inferences: int) -> Window:
        """The armed window, marker high; never repeated, since a meter may be watching."""
        exchange = self._exchange
        reply = exchange.ask("tk go", work_s=self._pace.work_s(inferences))
        begin, end = exchange.one(reply, "tk-go"), exchange.one(reply, "tk-done")
        if end.fields[:1] != (str(inferences),):
            raise exchange.damaged("the board ran another number of inferences")
        ticks = _ticks(end.fields, exchange.one(reply, "tk-crc").fields[0])
        if ticks is None:
            raise exchange.damaged("the window's time does not have its CRC")
        seen = [t for line, t in zip(reply.lines, reply.t_lines_s, strict=True) if line in (begin, end)]
        host_s = max(seen[1] - seen[0], reply.t_ready_s - reply.t_sent_s - exchange.link.wire_s(_GO_BYTES))
        wrap, hz = 1 << 32, self._info.timer_hz
        if not self.device.simulated:
            # 32 bits at a core's clock last half a minute: the host's clock tells how often they wrapped.
            ticks += max(0, round((host_s * hz - ticks) / wrap)) * wrap
        return Window(inferences, 0.0, ticks / hz, "board, timer ticks", 1 / hz)

    def watch(self, look: Callable[[], None] | None) -> None:
        """Call ``look`` now and then while waiting for the board; what it raises ends the wait."""
        self._exchange.link.watch = look

    def tap(self, hear: Tap | None) -> None:
        """Tell ``hear`` of every piece sent and received, the last ones before included."""
        self._exchange.link.tap(hear)

    def answers(self) -> bool:
        """Whether the board answers to its name now. Raises LineError where the port is gone."""
        link, patience = self._exchange.link, self._exchange.patience
        link.drain(patience.quiet_s, patience.turnaround_s)
        for _ in range(2):
            try:
                self._exchange.greet(patience.turnaround_s / 2)
                return True
            except LineError as error:
                if not error.retryable:
                    raise
        return False

    def revive(self) -> None:
        """Wait until the board, which was switched off and on, answers again. Raises LineError."""
        self._exchange.resync()

    def debugger(self) -> bool | None:
        """Whether one is attached now; None where the board cannot know. Raises LineError."""
        info = self._exchange.retry(lambda: identify(self._exchange))
        return None if info is None or info.debugger < 0 else bool(info.debugger)

    def stop(self) -> None:
        """Leave the board answering, whatever it was told. Raises LineError where it does not."""
        self._exchange.resync()

    def _once(self, row: bytes, progress: Progress) -> tuple[bytes, ...]:
        self._reset_state()
        outputs = self._step(row)
        progress.advance()
        return outputs

    def _stream(self, rows: list[bytes], progress: Progress) -> list[tuple[bytes, ...]]:
        self._reset_state()
        outputs = []
        for row in rows:
            outputs.append(self._step(row))
            progress.advance()
        return outputs

    def _reset_state(self) -> None:
        self._exchange.one(self._exchange.ask("tk state", reply_bytes=64), "tk-state")

    def _step(self, row: bytes) -> tuple[bytes, ...]:
        """One inference. The buffer's CRC, asked last, tells that no reset came in between."""
        exchange = self._exchange
        self._send(row)
        t_start = exchange.link.clock()
        timed = strict.infer(exchange, 1, 0, work_s=self._pace.work_s(1), times=self._pace.sends_times)
        self._pace.saw(1, exchange.link.clock() - t_start)
        self._latency_s = strict.lap_window(exchange, timed, 1, 0).latency_s
        outputs = tuple(self._output(i) for i in range(len(self._info.outputs)))
        self._verify_buffer(row)
        return outputs

    def _send(self, row: bytes) -> None:
        if self._binary:
            upload(self._exchange, row, self._info.payload_bytes, self._info.window_frames)
        else:
            strict.send_hex(self._exchange, row, _HEX_CHUNK)
        self._verify_buffer(row)

    def _load_fresh(self, row: bytes) -> None:
        self._reset_state()
        self._send(row)

    def _verify_buffer(self, row: bytes) -> None:
        found = self._exchange.one(self._exchange.ask("tk crc", reply_bytes=64), "tk-crc").fields[0]
        if int(found, 16) != zlib.crc32(row):
            raise self._exchange.damaged("the board's buffer holds other bytes than were sent")

    def _output(self, i: int) -> bytes:
        """Output ``i``. Where another has its size the command is sent twice: its digit has no checksum."""
        sizes = [spec.size_bytes for spec in self._info.outputs]
        first = self._fetch(i, sizes[i])
        if sizes.count(sizes[i]) > 1 and self._fetch(i, sizes[i]) != first:
            raise self._exchange.damaged(f"output {i} reads differently each time")
        return first

    def _fetch(self, i: int, size: int) -> bytes:
        exchange = self._exchange
        reply = exchange.ask("tk output", i, reply_bytes=128 + 4 * size)
        data = bytearray()
        for line in reply.all("tk-data"):
            try:
                offset, digits = line.fields
                if int(offset) != len(data):
                    raise ValueError(f"offset {offset} at {len(data)}")
                data += bytes.fromhex(digits)
            except ValueError as error:
                raise exchange.damaged(f"a line of output {i} does not read: {error}") from error
        if len(data) != size or int(exchange.one(reply, "tk-crc").fields[0], 16) != zlib.crc32(data):
            raise exchange.damaged(f"output {i} does not have its size and CRC")
        return bytes(data)

    def _profile(self) -> tuple[LayerCost, ...]:
        exchange = self._exchange
        reply = exchange.ask(
            "tk profile", work_s=self._pace.work_s(1), reply_bytes=64 * (self._info.layers + 2)
        )
        pairs = [(int(line.fields[0]), int(line.fields[1])) for line in reply.all("tk-layer")]
        total = int(exchange.one(reply, "tk-ticks").fields[0])
        if [k for k, _ in pairs] != list(range(self._info.layers)) or sum(t for _, t in pairs) != total:
            raise exchange.damaged("the layers do not add up to their total")
        return tuple(LayerCost(f"layer_{k:02}", ticks=ticks) for k, ticks in pairs)


def _ticks(fields: Sequence[str], crc: str) -> int | None:
    """The ticks of a window, None where N and ticks do not have their CRC-32."""
    try:
        count, ticks = map(int, fields)
        return ticks if zlib.crc32(struct.pack("<IQ", count, ticks)) == int(crc, 16) else None
    except (ValueError, struct.error):
        return None


def _row_bytes(array: Array) -> list[bytes]:
    return [np.ascontiguousarray(row).tobytes() for row in array]


def _transfer(sent: int, took_s: float, rows: int, baud: int) -> str:
    took_ms = took_s / rows * 1e3
    return f"{sent / rows:,.0f} bytes sent a sample, {took_ms:.3g} ms a sample in all, at {baud:,} baud"
