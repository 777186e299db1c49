"""An emulated Power Profiler Kit II: bytes from the host, the target's true current in, its stream out.

Pure: the caller's clock says when a sample is taken, and no port is here. Written from descriptions of the
real meter and of other people's clients, and knows nothing of our own driver.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinykit.bench.meters.ppk2_units import RANGES, UNIT_A, Ppk2Unit

BASE_HZ = 100_000
"""Samples a second by the meter's own clock."""
PACKET_SAMPLES = 16
_LENGTHS = {0x06: 1, 0x07: 1, 0x0C: 2, 0x0D: 3, 0x11: 2, 0x19: 1, 0x20: 1, 0x25: 6}
_ADC_MAX = 0x3FFF
_VOLT_PER_COUNT = 1.8 / 163840
# It changes to the next range above these, and back below a part of them.
_UP_A = np.array([50e-6, 500e-6, 5e-3, 50e-3])
_BACK = 0.8
_AMMETER, _SOURCE = 1, 2

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Ppk2Errors:
    """What is wrong with this one: drawn once by whoever emulates, never told to whoever measures.

    In range r a current is seen as ``gain[r]`` × true + ``offset_a[r]``, and noise of ``noise_lsb`` (1 s.d.).
    VOUT is ``voltage_gain`` × what was set; the clock is ``clock_ppm`` fast. After a change of range,
    ``garbage`` samples are wrong by a random factor of 1 ± ``garbage_sd``.
    """

    gain: tuple[float, ...] = (1.0,) * RANGES
    offset_a: tuple[float, ...] = (0.0,) * RANGES
    noise_lsb: float = 0.5
    voltage_gain: float = 1.0
    clock_ppm: float = 0.0
    garbage: int = 1
    garbage_sd: float = 0.3


@dataclass(frozen=True)
class Ppk2Faults:
    """What goes wrong. Places are sample numbers, counted from the first one that was ever streamed.

    ``stale`` lies in the queue when the host comes. The metadata come ``answer_bytes`` at a time (0: at
    once), with ``metadata`` lines in place of those of the same key ("" leaves one out). After a stop,
    ``tail_samples`` more arrive. ``losses`` are (place, count); in ``saturations`` (place, count) samples
    read full scale; at ``odd_counters`` the counter is wrong; ``stray`` (place, bytes) stand before a
    sample. Of every ``losing[0]`` samples the last ``losing[1]`` are lost. ``silent``: it answers nothing.
    """

    stale: bytes = b""
    answer_bytes: int = 0
    metadata: tuple[tuple[str, str], ...] = ()
    tail_samples: int = 300
    losses: tuple[tuple[int, int], ...] = ()
    saturations: tuple[tuple[int, int], ...] = ()
    odd_counters: tuple[int, ...] = ()
    stray: tuple[tuple[int, bytes], ...] = ()
    losing: tuple[int, int] = (0, 0)
    silent: bool = False


class EmulatedPpk2:
    """Give it commands (:meth:`receive`) and the target's true current (:meth:`feed`); it gives bytes."""

    def __init__(
        self,
        unit: Ppk2Unit = UNIT_A,
        errors: Ppk2Errors = Ppk2Errors(),
        faults: Ppk2Faults = Ppk2Faults(),
        seed: int = 0,
    ) -> None:
        self.unit, self.errors, self.faults = unit, errors, faults
        self.mode, self.voltage_mv, self.is_on = _SOURCE, 3000, False
        self.is_streaming = False
        self.unknown = bytearray()
        self._user_gain = unit.user_gain
        self._noise = np.random.default_rng(seed)
        self._commands = bytearray()
        self._stale = faults.stale
        self._answers = bytearray()
        self._packets = bytearray()
        self._tail = 0
        self._taken = 0
        self._range, self._since = 0, 1 << 30

    @property
    def base_hz(self) -> float:
        """Samples a second of true time: the meter's clock with its error."""
        return BASE_HZ * (1 + self.errors.clock_ppm * 1e-6)

    @property
    def output_v(self) -> float:
        """What the target gets from it: 0 while switched off, and in ammeter mode."""
        supplies = self.is_on and self.mode == _SOURCE
        return self.voltage_mv / 1000 * self.errors.voltage_gain if supplies else 0.0

    @property
    def samples_taken(self) -> int:
        """How many were streamed since it was made: the place of the next one."""
        return self._taken

    def host_left(self) -> None:
        """The port has been closed: VOUT falls; a stream goes on into the queue."""
        self.is_on = False

    def receive(self, data: bytes) -> None:
        """Bytes from the host; commands have no frame, and may come in pieces."""
        self._commands += data
        while self._commands:
            length = _LENGTHS.get(self._commands[0], 1)
            if len(self._commands) < length:
                return
            command = bytes(self._commands[:length])
            del self._commands[:length]
            if not self.faults.silent:
                self._obey(command[0], command[1:])

    def _obey(self, code: int, words: bytes) -> None:
        match code:
            case 0x06:
                self.is_streaming, self._tail = True, 0
            case 0x07 if self.is_streaming:
                self.is_streaming, self._tail = False, self.faults.tail_samples
            case 0x0C:
                self.is_on = words[0] == 1
            case 0x0D:
                self.voltage_mv = min(max(int.from_bytes(words, "big"), 800), 5000)
            case 0x11 if words[0] in (_AMMETER, _SOURCE):
                self.mode = words[0]
            case 0x19:
                self._answers += self._metadata()
            case 0x20:
                self.is_streaming = self.is_on = False
                self._packets.clear()
            case 0x25 if words[0] < RANGES:
                gains = list(self._user_gain)
                gains[words[0]] = struct.unpack("<f", words[1:])[0]
                self._user_gain = tuple(gains)
            case _ if code not in _LENGTHS:
                self.unknown.append(code)

    def _metadata(self) -> bytes:
        lines = self.unit.lines(self.voltage_mv, self.mode, self._user_gain)
        for key, value in self.faults.metadata:
            at = next(n for n, line in enumerate(lines) if line.startswith(f"{key}: "))
            lines[at : at + 1] = [f"{key}: {value}"] if value else []
        return "\n".join([*lines, "END", ""]).encode()

    def feed(self, current_a: Floats, levels: Bytes) -> bytes:
        """What it sends meanwhile; ``current_a`` is the target's, ``levels`` the lines (bit n is Dn), (n,).

        They are fed at :attr:`base_hz`, whether the meter streams or not. Empty ones only fetch answers.
        """
        wanted = len(current_a) if self.is_streaming else min(self._tail, len(current_a))
        self._tail = max(self._tail - len(current_a), 0)
        if wanted:
            seen_a = current_a[:wanted] if self.is_on else np.zeros(wanted)
            self._packets += self._stream(seen_a, levels[:wanted])
        size = self.faults.answer_bytes or len(self._answers)
        answer = bytes(self._answers[:size])
        del self._answers[:size]
        # The last packet after a stop may be a short one.
        size = len(self._packets) - len(self._packets) % (4 * PACKET_SAMPLES if self.is_streaming else 1)
        packets = bytes(self._packets[:size])
        del self._packets[:size]
        stale, self._stale = self._stale, b""
        return stale + answer + packets

    def _stream(self, current_a: Floats, levels: Bytes) -> bytes:
        first, count = self._taken, len(current_a)
        self._taken += count
        ranges, since = self._ranges(current_a)
        adc = self._convert(current_a, ranges, since)
        for place, length in self.faults.saturations:
            adc[max(place - first, 0) : max(place + length - first, 0)] = _ADC_MAX
        counters = (np.arange(first, first + count) & 63).astype(np.uint32)
        for place in self.faults.odd_counters:
            if first <= place < first + count:
                counters[place - first] ^= 37
        words = adc | ranges.astype(np.uint32) << 14 | counters << 18 | levels.astype(np.uint32) << 24
        return self._with_faults(words.astype("<u4"), first)

    def _with_faults(self, words: NDArray[np.uint32], first: int) -> bytes:
        kept = np.ones(len(words), bool)
        for place, length in self.faults.losses:
            kept[max(place - first, 0) : max(place + length - first, 0)] = False
        period, lost = self.faults.losing
        if period:
            kept &= np.arange(first, first + len(words)) % period < period - lost
        here = [(place, data) for place, data in self.faults.stray if first <= place < first + len(words)]
        if not here:
            return words[kept].tobytes()
        pieces, done = [], 0
        for place, data in sorted(here):
            pieces += [words[done : place - first][kept[done : place - first]].tobytes(), data]
            done = place - first
        return b"".join([*pieces, words[done:][kept[done:]].tobytes()])

    def _ranges(self, current_a: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each sample's range, with hysteresis, and how many samples ago it was entered."""
        least = np.searchsorted(_UP_A, current_a, "right")
        most = np.searchsorted(_BACK * _UP_A, current_a, "right")
        ranges, index = np.empty(len(current_a), np.int64), np.arange(len(current_a))
        entered = [-1 - self._since]
        runs = np.flatnonzero(np.diff(least, prepend=-1) | np.diff(most, prepend=-1))
        for start, end in zip(runs, [*runs[1:], len(current_a)], strict=True):
            before, self._range = self._range, int(min(max(self._range, least[start]), most[start]))
            ranges[start:end] = self._range
            if self._range != before:
                entered.append(int(start))
        since = index - np.array(entered)[np.searchsorted(entered[1:], index, "right")]
        self._since = int(since[-1])
        return ranges, since

    def _convert(
        self, current_a: Floats, ranges: NDArray[np.int64], since: NDArray[np.int64]
    ) -> NDArray[np.uint32]:
        """ADC words: the host's formula turned round, with this meter's errors on the current.

        I = UG·(x·(GS·x + GI) + S·U + I0) and x = (4·ADC - O)·(1.8/163840)/R; GS·x² + GI·x = y is solved in
        the form that does not cancel where GS is small.
        """
        unit, errors = self.unit, self.errors
        seen_a = current_a * np.array(errors.gain)[ranges] + np.array(errors.offset_a)[ranges]
        wrong = since < errors.garbage
        seen_a[wrong] *= 1 + errors.garbage_sd * self._noise.standard_normal(np.count_nonzero(wrong))
        fixed = np.array(unit.slope) * (self.voltage_mv / 1000) + np.array(unit.intercept)
        y = seen_a / np.array(self._user_gain)[ranges] - fixed[ranges]
        linear, square = np.array(unit.gain_linear)[ranges], np.array(unit.gain_square)[ranges]
        x = 2 * y / (linear + np.sqrt(np.maximum(linear**2 + 4 * square * y, 0)))
        counts = (x * np.array(unit.resistor)[ranges] / _VOLT_PER_COUNT + np.array(unit.offset)[ranges]) / 4
        counts += errors.noise_lsb * self._noise.standard_normal(len(counts))
        adc: NDArray[np.uint32] = np.clip(np.rint(counts), 0, _ADC_MAX).astype(np.uint32)
        return adc
