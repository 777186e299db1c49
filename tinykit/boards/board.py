"""What a board is, as read from its TOML file."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tinykit.boards.cores import Core

SCHEMA_VERSION = 1


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
class Uart:
    """The serial port: where its registers are, and its speed."""

    base: int
    baud: int


@dataclass(frozen=True)
class Timer:
    """The timer that the firmware reads, and how fast it counts."""

    base: int
    clock_hz: int


@dataclass(frozen=True)
class Marker:
    """The pin that is high while the model runs."""

    base: int
    pin: int


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

    def to_dict(self) -> dict[str, object]:
        """The board for JSON; the core by name and features."""
        document = asdict(self)
        document["core"] = {
            "name": self.core.name,
            "architecture": self.core.architecture,
            "features": sorted(self.core.features),
        }
        return document
