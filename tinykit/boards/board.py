"""What a board is, as read from its TOML file."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tinykit.boards.cores import Core

SCHEMA_VERSION = 1
# What is done to DTR and RTS as a board's port opens. plain: both on, as terminals do. none: both off.
# dtr: a pulse on DTR, which resets an Arduino.
# rts: a pulse on RTS with DTR off, which resets Espressif's chips into the program.
RESETS = ("plain", "none", "dtr", "rts")


@dataclass(frozen=True)
class Memory:
    """A region of the address space, in bytes."""

    origin: int
    size_bytes: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.origin + self.size_bytes

    def overlaps(self, other: Memory) -> bool:
        """Tell whether one address lies in both."""
        return self.origin < other.end and other.origin < self.end


@dataclass(frozen=True)
class Pin:
    """A pin of the chip: ``port`` 0 is A of an STM32 or P0 of an nRF."""

    name: str
    port: int
    number: int


@dataclass(frozen=True)
class Uart:
    """The serial port: where its registers are, its speed, and what the chip must be told to route it.

    ``energy_baud`` is the speed of the energy build. ``irq`` is the number of its interrupt in the NVIC,
    ``pin_function`` the alternate function of both pins; None where the chip's firmware needs no such thing.
    """

    base: int
    baud: int
    energy_baud: int = 9_600
    irq: int | None = None
    tx: Pin | None = None
    rx: Pin | None = None
    pin_function: int | None = None


@dataclass(frozen=True)
class Timer:
    """The timer that the firmware reads, how fast it counts, and its interrupt's number in the NVIC."""

    base: int
    clock_hz: int
    irq: int | None = None


@dataclass(frozen=True)
class Marker:
    """The pin that is active while the model runs; ``is_active_high`` False where a board inverts it."""

    base: int
    pin: int
    is_active_high: bool = True


@dataclass(frozen=True)
class PowerState:
    """What the board draws in a state: ``active``, ``idle``, ``sleep``, ``uart`` (added while it sends)."""

    name: str
    power_w: float


@dataclass(frozen=True)
class Power:
    """The power states; ``kind`` and ``source`` as in `tinykit.estimate.Estimate`."""

    states: tuple[PowerState, ...]
    kind: str
    source: str


@dataclass(frozen=True)
class Qemu:
    """QEMU's machine that runs the same image. ``core`` where QEMU's differs from the board's."""

    machine: str
    timer_hz: int
    core: str


@dataclass(frozen=True)
class Board:
    """A board.

    ``stack_bytes`` are kept free for the stack; ``mailbox`` is None where a host cannot reach in.
    ``oscillator_hz`` is that of the crystal or clock that feeds the chip, 0 where it runs from its own;
    ``has_low_speed_crystal`` tells of one of 32.768 kHz.
    ``usb`` lists "VID:PID" (four small hexadecimal digits each), as which a computer sees its serial port.
    ``reset`` says how its port is opened: one of `RESETS`.
    """

    name: str
    title: str
    core: Core
    clock_hz: int
    chip: str
    is_emulated: bool
    flash: Memory
    ram: Memory
    stack_bytes: int
    flash_wait_states: int
    flash_fetch_bytes: int
    mailbox: Memory | None
    uart: Uart
    timer: Timer
    marker: Marker
    power: Power
    flash_command: tuple[str, ...]
    qemu: Qemu | None
    source_path: str
    oscillator_hz: int = 0
    has_low_speed_crystal: bool = False
    usb: tuple[str, ...] = ()
    reset: str = "plain"

    def to_dict(self) -> dict[str, object]:
        """The board for JSON; the core by name and features."""
        document = asdict(self)
        document["core"] = {
            "name": self.core.name,
            "architecture": self.core.architecture,
            "features": sorted(self.core.features),
        }
        return document
