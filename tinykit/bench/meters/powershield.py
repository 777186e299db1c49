"""An emulated PowerShield (X-NUCLEO-LPM01A, or STLINK-V3PWR): its command line and its stream, no port.

It speaks as ST UM2269 and the boards that drivers were written for do, and knows nothing of our own driver.
What nobody has documented it refuses: static mode, D7 as a trigger, events in the binary stream.
"""

from __future__ import annotations

import re

import numpy as np

from tinykit.bench.meters.powershield_model import (
    LPM01A,
    OVERCURRENT_A,
    RATES_HZ,
    RefusedError,
    ShieldErrors,
    ShieldFaults,
    ShieldModel,
    choice,
    number,
    version,
)
from tinykit.bench.meters.powershield_stream import BASE_HZ, Bytes, Floats, Sampler, Stream


class EmulatedShield:
    """Give it commands (:meth:`receive`) and the target's true current (:meth:`feed`); it gives bytes."""

    def __init__(
        self,
        model: ShieldModel = LPM01A,
        errors: ShieldErrors = ShieldErrors(),  # noqa: B008 - frozen
        faults: ShieldFaults = ShieldFaults(),  # noqa: B008 - frozen
        firmware: str = "1.0.6",
        seed: int = 0,
    ) -> None:
        self.model, self.errors, self.faults, self.firmware = model, errors, faults, firmware
        self.base_hz = BASE_HZ
        self.host_keeps_up = True
        self._noise = np.random.default_rng(seed)
        self._out = bytearray(faults.stale)
        self._line = b""
        self._reset()

    def _reset(self) -> None:
        self.set_v, self.output_on, self.taken = 3.3, False, False
        self.rate_hz, self.limit_s, self.is_binary, self.is_energy = 100.0, 10.0, False, False
        self.events_on = self._tells_power = False
        self._sampler: Sampler | None = None
        self._stream: Stream | None = None
        self._problem = ""

    @property
    def sampling(self) -> bool:
        """Whether an acquisition runs."""
        return self._stream is not None

    @property
    def output_v(self) -> float:
        """What the target truly gets, in V."""
        return self.set_v * self.errors.voltage_gain if self.output_on else 0.0

    def receive(self, data: bytes) -> None:
        """Bytes from the host; whole lines, ended by LF, are carried out."""
        *lines, self._line = (self._line + data).split(b"\n")
        for raw in lines:
            command = raw.rstrip(b"\r").decode("ascii", "replace")
            if command and not self.faults.silent:
                self._obey(command)

    def feed(self, current_a: Floats, level: Bytes | None = None) -> bytes:
        """The target drew ``current_a`` (A, (n,), BASE_HZ samples) and D7 had ``level`` (0 or 1, (n,)).

        Returns what the shield has to say, answers included.
        """
        if self._stream is not None and self._sampler is not None:
            high = np.ones(len(current_a), np.uint8) if level is None else level
            drawn_a = current_a if self.output_on else np.zeros(len(current_a))
            self._sample(self._stream, *self._sampler.feed(drawn_a, high))
        return self.take()

    def take(self) -> bytes:
        """What waits to be sent, once."""
        out, self._out = bytes(self._out), bytearray()
        return out

    def _sample(self, stream: Stream, mean_a: Floats, edges: list[int]) -> None:
        room = round(self.limit_s * self.rate_hz) - stream.sent if self.limit_s else len(mean_a)
        over = np.flatnonzero(mean_a > OVERCURRENT_A)
        count = min(len(mean_a), room, int(over[0]) if len(over) else len(mean_a))
        seen_a = self.errors.gain * mean_a[:count] + self.errors.offset_a
        if self.errors.noise_a:
            seen_a = seen_a + self._noise.normal(0.0, self.errors.noise_a, count)
        # The shield does not measure its output: energy is counted at the voltage that was set.
        values = seen_a * (self.set_v / self.rate_hz) if self.is_energy else seen_a
        events = [edge for edge in edges if edge < count] if self.events_on else []
        self._out += stream.samples(values, events, dropping=not self.host_keeps_up)
        if len(over) and count == over[0]:
            self._trip(stream)
        elif count == room and count < len(mean_a):
            self._end(stream)

    def _trip(self, stream: Stream) -> None:
        self.output_on, self._problem = False, "overcurrent"
        if stream.is_binary:
            frame = b"\xf0\xf5\xff\xff" if self.model is LPM01A else b"\xf0\xf5\x00\x00\x00\x00\xff\xff"
            self._out += frame
        else:
            self._out += stream.text("error: Overcurrent detected. Acquisition stopped.", 0xF1)
        self._end(stream)

    def _end(self, stream: Stream) -> None:
        if not self.faults.mute_stop:
            self._out += stream.end()
        self._stream = self._sampler = None

    def _obey(self, command: str) -> None:
        word, *arguments = command.split()
        if word == "stop" and self._stream is not None:
            self._end(self._stream)
            return
        try:
            said = self._carry_out(command, word, arguments)
        except RefusedError as refusal:
            self._problem = str(refusal)
            self._say(f"PowerShield > error {command}")
            if self.faults.error_detail:
                self._say(f"Error detail: {refusal}", before="")
            return
        if said is not None:
            self._say(f"PowerShield > {said}")
        if word == "start":
            self._begin()

    def _say(self, text: str, before: str = "\r\n") -> None:
        if self._stream is not None:
            self._out += self._stream.text(text, 0xF2)
        else:
            self._out += f"{before}{text}\r\n{before}".encode("ascii")

    def _carry_out(self, command: str, word: str, arguments: list[str]) -> str | None:
        """The answer behind the prompt; None for commands without one."""
        handler = getattr(self, f"_do_{word}", None)
        free = ("version", "powershield", "status", "echo", "help", "psrst", self.model.take)
        if word == self.model.take:
            self.taken = True
            return f"ack {command}"
        if handler is None:
            raise RefusedError("unknown command")
        if not self.taken and word not in free:
            raise RefusedError("take control with htc first")
        if self.sampling and word not in ("pwr", "volt", "targrst", "temp", "status"):
            raise RefusedError("acquisition ongoing")
        try:
            said = handler(*arguments)
        except TypeError as error:
            raise RefusedError("wrong number of parameters") from error
        if said is None:
            return f"ack {command}"
        return str(said) or None

    def _begin(self) -> None:
        self._sampler = Sampler(BASE_HZ / self.rate_hz / (1 + self.errors.clock_ppm * 1e-6))
        self._stream = Stream(self.rate_hz, self.is_binary, self.faults.losses)
        self._out += self._stream.begin()

    def _do_hrc(self) -> None:
        self.taken = False

    def _do_psrst(self) -> str:
        self._reset()
        return ""

    def _do_echo(self, *words: str) -> str:
        return f"echo {' '.join(words)}"

    def _do_version(self) -> str:
        return f"ack version: {self.firmware}"

    def _do_powershield(self) -> str:
        return f"ack powershield {self.model.name}"

    def _do_help(self) -> str:
        return "ack help: " + " ".join(sorted(name[4:] for name in dir(self) if name.startswith("_do_")))

    def _do_status(self) -> str:
        problem, self._problem = self._problem, ""
        return f"ack status: error: {problem}" if problem else "ack status: ok"

    def _do_temp(self, unit: str, refresh: str = "") -> str:
        choice(unit, "degc")
        choice(refresh, "", "refresh")
        return "ack temp degc 28.0"

    def _do_lcd(self, line: str, *words: str) -> None:
        choice(line, "1", "2")
        text = " ".join(words)
        if not re.fullmatch(r'"[^"]{0,16}"', text):
            raise RefusedError("a line of 16 characters in double quotes is needed")

    def _do_volt(self, value: str) -> str | None:
        if value == "get":
            return f"ack volt get {round(self.set_v * self.errors.voltage_gain * 1000)}-03"
        volts = number(value)
        low, high = self.model.volts
        if not low - 1e-9 <= volts <= high + 1e-9:
            raise RefusedError(f"volt {low * 1000:.0f}m to {high * 1000:.0f}m")
        self.set_v = volts
        return None

    def _do_freq(self, value: str) -> None:
        if number(value) not in RATES_HZ:
            raise RefusedError("no such sampling frequency")
        self.rate_hz = number(value)

    def _do_acqtime(self, value: str) -> None:
        self.limit_s = 0.0 if value in ("inf", "0") else number(value)
        if self.limit_s and not 1e-4 <= self.limit_s <= 100:
            raise RefusedError("acqtime 100u to 100, or inf")

    def _do_acqmode(self, mode: str) -> None:
        choice(mode, "dyn")

    def _do_funcmode(self, mode: str) -> None:
        choice(mode, "optim", "high")

    def _do_output(self, what: str) -> None:
        self.is_energy = choice(what, "current", *(["energy"] if self.model.has_energy else [])) == "energy"

    def _do_format(self, which: str) -> None:
        self.is_binary = choice(which, "ascii_dec", self.model.binary) != "ascii_dec"

    def _do_trigsrc(self, source: str) -> None:
        choice(source, "sw")

    def _do_trigdelay(self, value: str) -> None:
        if not 0 <= number(value) <= 30:
            raise RefusedError("trigdelay 0 to 30")

    def _do_eventsrc(self, pin: str, edge: str) -> None:
        if not self.model.has_events:
            raise RefusedError("unknown command")
        choice(f"{pin} {edge}", "d7 fal")
        self.events_on = True

    def _do_currthres(self, value: str) -> None:
        number(value)

    def _do_pwrend(self, value: str) -> None:
        choice(value, "on", "off")

    def _do_pwr(self, what: str, status: str = "status") -> str | None:
        choice(what, "auto", "on", "off", "get")
        choice(status, "status", "nostatus")
        if what == "get":
            return f"ack pwr get {'on' if self.output_on else 'off'}"
        if what == "off" and self.model is LPM01A and version(self.firmware) < (1, 0, 6):
            raise RefusedError("pwr off needs firmware 1.0.6")
        self.output_on = what != "off"
        if self._stream is not None and status == "status":
            state = b"\xf0\xf9" + bytes([self.output_on]) + b"\xff\xff"
            self._out += state if self.is_binary else f"pwr {what}\r\n".encode()
        return None

    def _do_targrst(self, value: str) -> None:
        if not 0 <= number(value) <= 1:
            raise RefusedError("targrst 0 to 1")
        # The bench has no reset line: what a target sees of this is its supply.
        self.output_on = number(value) > 0 and self.output_on
        if self._stream is not None and self.is_binary:
            self._out += b"\xf0\xf6\xff\xff"

    def _do_start(self) -> None:
        unlimited = 5e3 if not self.limit_s else 1e4 / self.limit_s
        if not self.is_binary and self.rate_hz > max(unlimited, 5e3):
            raise RefusedError("sampling frequency too high for ascii_dec and this acqtime")
        if self.is_energy and self.rate_hz > 1e4:
            raise RefusedError("output energy up to 10k")
