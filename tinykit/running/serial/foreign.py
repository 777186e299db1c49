"""A board with somebody else's MLPerf Tiny firmware: hex in, floats with three decimals out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinykit.errors import UsageError
from tinykit.progress import SILENT, Progress
from tinykit.running.result import Array, Capabilities, LayerCost, TensorSpec, Window
from tinykit.running.runner import Device, Inferred
from tinykit.running.serial import strict
from tinykit.running.serial.exchange import Exchange
from tinykit.running.serial.pace import Pace, timed_window
from tinykit.running.workload import Model

Encode = Callable[[Array, TensorSpec], bytes]


def _raw(row: Array, spec: TensorSpec) -> bytes:
    return row.tobytes()


def _image(row: Array, spec: TensorSpec) -> bytes:
    """The firmware subtracts 128 from what it is sent."""
    return (row.astype(np.int16) + 128).astype(np.uint8).tobytes()


def _features(row: Array, spec: TensorSpec) -> bytes:
    """The firmware quantizes; what it is sent are the values that its own scale gives back exactly."""
    return spec.real(row).astype("<f4").tobytes()


@dataclass(frozen=True)
class Encoding:
    """How a benchmark's firmware takes its input; ``gives_error`` where its one result is the MSE."""

    text: str
    encode: Encode
    gives_error: bool = False


RAW = Encoding("raw bytes of the model's own dtype", _raw)
# What the reference firmware of each benchmark does with its buffer.
ENCODINGS = {
    "kws01": RAW,
    "ic01": Encoding("uint8, from which the firmware takes 128", _image),
    "ic02": Encoding("uint8, from which the firmware takes 128", _image),
    "vww01": Encoding("uint8, from which the firmware takes 128", _image),
    "ad01": Encoding("float32, which the firmware quantizes", _features, gives_error=True),
}


class ForeignBoard:
    """The board behind ``exchange``, which names its model ``model_id``. Stateless models only."""

    def __init__(
        self, exchange: Exchange, name: str, model_id: str, model: Model, *, sends_times: bool
    ) -> None:
        self._exchange = exchange
        self._model = model
        self._encoding = ENCODINGS.get(model_id, RAW)
        self._pace = Pace(model.macs, sends_times=sends_times)
        self._can_print = self._can_repeat = True
        self.device = Device(
            ran_on=exchange.link.name,
            text=f"{name}, MLPerf Tiny firmware with {model_id or 'an unnamed model'};"
            f" input as {self._encoding.text}",
            simulated=False,
            capabilities=Capabilities(times_itself=sends_times, has_marker=True, gives_raw_outputs=False),
            inputs=model.inputs,
            outputs=self._outputs(),
            tolerance_lsb=1.0,
        )

    @property
    def gives_error(self) -> bool:
        """Whether the one result is the mean squared error of input and output."""
        return self._encoding.gives_error

    def infer(self, arrays: Sequence[Array], progress: Progress = SILENT) -> Inferred:
        """Send, print back, run, and read the results twice, row by row."""
        (rows,) = arrays
        progress.start(f"Running {len(rows)} inferences on {self.device.ran_on}", len(rows))
        link = self._exchange.link
        t_start, sent = link.clock(), link.sent_bytes
        values = [self._exchange.retry(partial(self._once, row, progress)) for row in rows]
        took_s = link.clock() - t_start
        progress.finish(f"{took_s / len(rows) * 1e3:.3g} ms a sample, transfer included")
        outputs = np.array(values, np.float32).reshape(len(rows), *self.device.outputs[0].row_shape)
        return Inferred(
            (outputs,), transfer=self._transfer((link.sent_bytes - sent) / len(rows), took_s / len(rows))
        )

    def window(self, inferences: int, warmups: int = 0) -> Window:
        """Time ``inferences`` by the board's own clock."""
        return timed_window(self._exchange, self._pace, inferences, warmups, simulated=False)

    def layers(self) -> tuple[LayerCost, ...]:
        """A strict firmware has no such command."""
        return ()

    def rest(self, state: str, duration_ms: int) -> None:
        """A strict firmware has no such command. Raises UsageError, code NOT_CAPABLE."""
        raise UsageError(
            f"{self.device.ran_on} cannot be told to {state}: its firmware is not tinykit's.",
            hint="build and flash the model with tinykit.",
            code="NOT_CAPABLE",
        )

    def stop(self) -> None:
        """Leave the board answering. Raises LineError where it does not."""
        self._exchange.resync(self._pace.work_s(1))

    def _outputs(self) -> tuple[TensorSpec, ...]:
        if self._encoding.gives_error:
            return (TensorSpec((1, 1), np.dtype(np.float32), name="mean squared error"),)
        first = self._model.outputs[0]
        return (TensorSpec(first.shape, np.dtype(np.float32), name=first.name),)

    def _once(self, row: Array, progress: Progress) -> tuple[float, ...]:
        exchange = self._exchange
        data = self._encoding.encode(np.ascontiguousarray(row), self._model.inputs[0])
        strict.send_hex(exchange, data)
        if self._can_print:
            printed = strict.read_back(exchange, len(data))
            self._can_print = printed is not None
            if printed is not None and printed != data:
                raise exchange.damaged("the board's buffer holds other bytes than were sent")
        t_start = exchange.link.clock()
        timed = strict.infer(exchange, 1, 0, work_s=self._pace.work_s(1), times=self._pace.sends_times)
        self._pace.saw(1, exchange.link.clock() - t_start)
        if self._can_repeat:
            again = strict.results(exchange)
            self._can_repeat = again is not None
            if again is not None and again != timed.values:
                raise exchange.damaged("the results read differently the second time")
        wanted = int(np.prod(self.device.outputs[0].row_shape))
        if len(timed.values) != wanted:
            raise exchange.damaged(f"{len(timed.values)} results for a model that gives {wanted}")
        progress.advance()
        return timed.values

    def _transfer(self, sent: float, took_s: float) -> str:
        link = self._exchange.link
        verified = "input printed back" if self._can_print else "input not verifiable: no 'db print'"
        repeated = "results read twice" if self._can_repeat else "results read once: no 'results'"
        return (
            f"{sent:,.0f} bytes sent a sample, {took_s * 1e3:.3g} ms a sample in all, at {link.baud:,} baud;"
            f" {verified}, {repeated}"
        )
