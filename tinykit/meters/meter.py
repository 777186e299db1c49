"""What every meter offers: capabilities, an open port, a decoder of its raw bytes.

A driver hands out bytes as they came. Whoever captures writes them to disk at once and decodes afterwards,
so that a recording can always be decoded again, by a better decoder too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from tinykit.errors import InputError, UsageError
from tinykit.meters.trace import Block, Gap, Instrument, Quantity, SampleFilter, Supply, TraceWarning

Mode = Literal["source", "ammeter"]
UPDATES_A_WINDOW = 100
"""A window must hold so many changes of a value that changes now and then: its ends fall between two."""


@dataclass(frozen=True)
class Capabilities:
    """What a kind of meter can do; callers ask this, never a name.

    ``rates_hz`` rises. A meter without ``modes`` is built in and has no rail to choose; where they include
    source, ``supply_v`` are the limits of the output. ``digital_lines`` name the inputs sampled with the
    current. ``needs_voltage``: nothing can be decoded without the rail's voltage. Losses that the stream
    itself does not show come in multiples of ``loss_unit``. Lines are only seen up to ``max_lines_hz``; where
    the meter ``sees`` falls, a line is low for the one sample in which it fell and high otherwise, so that a
    marker must pulse at both ends of a window. ``max_current_a`` is its limit, None where nobody states it.
    """

    rates_hz: tuple[float, ...]
    quantities: tuple[Quantity, ...]
    modes: tuple[Mode, ...]
    supply_v: tuple[float, float] | None
    digital_lines: tuple[str, ...]
    measures_voltage: bool
    switches_power: bool
    needs_voltage: bool
    loss_unit: int = 1
    max_lines_hz: float = math.inf
    sees: Literal["levels", "falls"] = "levels"
    max_current_a: float | None = None

    def lines_at(self, rate_hz: float) -> tuple[str, ...]:
        """The digital lines that are there at ``rate_hz``."""
        return self.digital_lines if rate_hz <= self.max_lines_hz else ()

    @property
    def integrates(self) -> bool:
        """Whether samples can be energy, summed by the meter itself."""
        return "energy" in self.quantities


@dataclass(frozen=True)
class MeterSettings:
    """How to measure. ``voltage_v`` is set at the output (source) or what the rail has (ammeter).

    ``voltage_source`` says where an ammeter's voltage comes from ("multimeter, 2026-11-20"); "" makes it
    assumed. ``rate_hz`` None is the meter's fastest.
    """

    mode: Mode = "source"
    voltage_v: float | None = None
    voltage_source: str = ""
    rail: str = ""
    rate_hz: float | None = None
    quantity: Quantity | None = None

    def check(self, name: str, capabilities: Capabilities) -> None:
        """Raise UsageError, code METER_SETTING or VOLTAGE_MISSING, for what ``name`` cannot do."""
        cannot = _what_cannot(self, capabilities)
        if cannot:
            raise UsageError(f"{name} {cannot[0]}.", hint=cannot[1], code="METER_SETTING")
        if self.voltage_v is None and capabilities.needs_voltage:
            raise UsageError(
                f"{name} does not measure the supply voltage, and none is given.",
                hint="give the voltage in volts: what the meter shall supply, or what a multimeter shows.",
                code="VOLTAGE_MISSING",
            )

    def supply(self) -> Supply | None:
        """The rail as these settings know it; None without a voltage."""
        if self.voltage_v is None:
            return None
        if self.mode == "source":
            return Supply(self.voltage_v, "set", "set at the meter's output", self.rail)
        if self.voltage_source:
            return Supply(self.voltage_v, "measured", self.voltage_source, self.rail)
        return Supply(self.voltage_v, "assumed", "given by the user", self.rail)


def _what_cannot(settings: MeterSettings, capabilities: Capabilities) -> tuple[str, str] | None:
    if capabilities.modes and settings.mode not in capabilities.modes:
        return f"has no {settings.mode} mode", f"it has {' and '.join(capabilities.modes)}."
    if settings.rate_hz is not None and settings.rate_hz not in capabilities.rates_hz:
        rates = ", ".join(f"{rate:g}" for rate in capabilities.rates_hz)
        return f"does not sample at {settings.rate_hz:g} Hz", f"it samples at {rates} Hz."
    if settings.quantity is not None and settings.quantity not in capabilities.quantities:
        return f"does not measure {settings.quantity}", f"it measures {', '.join(capabilities.quantities)}."
    return None if settings.voltage_v is None else _what_voltage_cannot(settings, capabilities)


def _what_voltage_cannot(settings: MeterSettings, capabilities: Capabilities) -> tuple[str, str] | None:
    voltage_v, limits_v = settings.voltage_v or 0.0, capabilities.supply_v
    if not capabilities.modes:
        return "has no supply voltage", "leave it out."
    if not (math.isfinite(voltage_v) and voltage_v > 0):
        return f"cannot work at {settings.voltage_v} V", "give a voltage above zero."
    if settings.mode == "source" and limits_v and not limits_v[0] <= voltage_v <= limits_v[1]:
        return f"cannot supply {voltage_v:g} V", f"it supplies {limits_v[0]:g} to {limits_v[1]:g} V."
    return None


@dataclass(frozen=True)
class MeterSetup:
    """All that is needed to decode a recording's raw bytes again, for a session's manifest.

    ``identification`` is the meter's own answer, verbatim (a PPK2's calibration text). A window shorter than
    ``min_window_s`` says nothing, as this meter's value changes too seldom.
    """

    meter: str
    instrument: Instrument
    settings: MeterSettings
    identification: str = ""
    min_window_s: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MeterSetup:
        """Back from JSON. Raises InputError, code METER_SETUP, where a field is missing or strange."""
        try:
            return cls(
                meter=str(data["meter"]),
                instrument=Instrument(**data["instrument"]),
                settings=MeterSettings(**data["settings"]),
                identification=str(data["identification"]),
                min_window_s=float(data["min_window_s"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"A meter's setup in a recording is not one: {error}.",
                hint="the file was edited or is damaged; take the original.",
                code="METER_SETUP",
            ) from error


@dataclass(frozen=True)
class Arrival:
    """By ``t_host_s`` (time.monotonic()), ``size_bytes`` of a recording had been received in all."""

    t_host_s: float
    size_bytes: int


class Decoder(Protocol):
    """Raw bytes into blocks, without any input or output of its own; any chunking gives the same samples.

    It keeps what an unfinished sample or decision needs. ``gaps`` and ``warnings`` grow as bytes come.
    """

    @property
    def length(self) -> int:
        """Sample periods so far, lost ones included."""

    @property
    def gaps(self) -> Sequence[Gap]:
        """What was lost so far, in order."""

    @property
    def warnings(self) -> Sequence[TraceWarning]:
        """What a verdict must know, one a code."""

    def feed(self, data: bytes | memoryview) -> list[Block]:
        """The blocks that these bytes complete."""

    def finish(self) -> list[Block]:
        """The end of the recording: what was held back."""

    def fork(self) -> Decoder:
        """A decoder that goes on from this state; gaps and warnings so far stay with the original."""


@runtime_checkable
class HostTimed(Protocol):
    """A decoder whose samples carry the host's own time, so that arrivals need not be fitted."""

    @property
    def t_start_host_s(self) -> float | None:
        """When sample 0 began, by time.monotonic(); None before it is known."""


class OpenMeter(Protocol):
    """A meter on an open port. All methods raise MeterError where the meter goes away or does not answer.

    The order: ``identify``, ``configure``, ``start``, ``read`` …, ``stop``, and again from ``configure``.
    """

    def identify(self) -> Instrument:
        """Ask the meter who it is, and how it is calibrated."""

    def configure(self, settings: MeterSettings) -> MeterSetup:
        """Set mode, voltage and rate. Raises UsageError for what the meter cannot do."""

    def power(self, on: bool) -> None:
        """Switch the output. Raises UsageError, code METER_SETTING, where the meter has none."""

    def start(self) -> None:
        """Begin to sample; what had been left over from before is thrown away first."""

    def read(self, timeout_s: float = 0.1) -> bytes:
        """Bytes as received, b"" after ``timeout_s`` without any."""

    def stop(self) -> bytes:
        """End sampling; the bytes that were still under way, which belong to the recording."""

    def close(self) -> None:
        """Stop, and let the port go. A meter that supplies its target may then drop the voltage."""


class Meter(Protocol):
    """A kind of meter, as a module of this room offers it under the name METER."""

    @property
    def name(self) -> str:
        """What it is called in METER:PORT."""

    @property
    def title(self) -> str:
        """Maker and model, for people."""

    @property
    def capabilities(self) -> Capabilities:
        """What this kind can do."""

    def open(self, port: str) -> OpenMeter:
        """Open ``port``. Raises MeterError, code METER_PORT where it is not there or busy."""

    def decoder(self, setup: MeterSetup) -> Decoder:
        """A decoder of what a meter with this setup sends."""


@runtime_checkable
class Filtering(Protocol):
    """A meter whose maker's software filters what it shows."""

    def new_filter(self) -> SampleFilter:
        """That filter, at its beginning."""


@dataclass(frozen=True)
class MeterPort:
    """METER:PORT as the user wrote it."""

    meter: str
    port: str


def parse_meter(text: str) -> MeterPort:
    """``"ppk2:/dev/ttyACM0"`` → ``MeterPort("ppk2", "/dev/ttyACM0")``; the port may be left out ("rapl").

    Raises UsageError, code METER_SYNTAX.
    """
    name, _, port = text.partition(":")
    if not name or len(name) == 1:  # C:\\… or \\.\COM3: a port without a meter
        raise UsageError(
            f"'{text}' names no meter.",
            hint="write METER:PORT, for example ppk2:/dev/ttyACM0.",
            code="METER_SYNTAX",
        )
    return MeterPort(name, port)
