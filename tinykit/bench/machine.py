"""The emulated board: unicorn's Cortex-M, the board's memories and peripherals, one virtual clock.

Facts about unicorn 2.1 that shape this file, each with a test: UC_MODE_MCLASS makes every core an M33, so
it is not used; hooks on memory reads and writes corrupt IT blocks, so registers are mmio_map callbacks;
per-instruction hooks miss condition-failed instructions, so blocks are counted; the FPU runs before it is
enabled, so that is checked when a block is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinykit.bench.counter import CCounter, Counted, Counter, PythonCounter, Tally
from tinykit.bench.cycles import CYCLE_MODELS
from tinykit.bench.decode import BlockCost, Decoder
from tinykit.bench.faults import Fault, name_access
from tinykit.bench.hook_library import load_hook
from tinykit.bench.job import SLICE_CYCLES, Counts, HookKind
from tinykit.bench.peripherals import PAGE_BYTES, SCS_BASE, Gpio, Peripheral, SystemControl, Timer, Uart
from tinykit.boards import Board
from tinykit.errors import TinykitError
from tinykit.toolchain import Image

_CPU = {"cortex-m0": "CORTEX_M0", "cortex-m4f": "CORTEX_M4"}
_WFI = 0xBF30
_NOWHERE = 0xFFFFFFFE  # unicorn wants an address to stop at; nothing runs there
_INTERRUPTS = {1: "INVALID_INSTRUCTION", 4: "UNALIGNED", 17: "INVALID_INSTRUCTION"}


@dataclass(frozen=True)
class Window:
    """One stretch with the marker pin high: what each bucket executed in it."""

    tallies: tuple[Tally, ...]


class Machine:
    """A board with an image in its flash, at reset."""

    def __init__(
        self, board: Board, image: Image, buckets: dict[int, int], names: int, hook: HookKind = "auto"
    ) -> None:
        """``buckets`` maps block addresses to buckets, of which there are ``names``.

        Raises TinykitError, code BENCH_CPU, where unicorn emulates another core than the board has.
        """
        self.board = board
        self.image = image
        self.fault: Fault | None = None
        self.windows: list[Window] = []
        self._buckets = names
        self._rise: tuple[Tally, ...] | None = None
        self._model = CYCLE_MODELS[board.core.name]
        self._decoder = Decoder(self._model)
        self._uc, self.cpu = _open(board)
        self._code_end = max(s.load_address + len(s.data) for s in image.segments)
        size = self._code_end - board.flash.origin
        program = Counted(board.flash.origin, size, names, buckets, sum(self._model.taken))
        self.counter, self.hook_note = self._hook(program, hook)
        self._map()
        stack, start = (int.from_bytes(self.read(board.flash.origin + at, 4), "little") for at in (0, 4))
        self._uc.reg_write(self._register("SP"), stack)
        self._pc = start & ~1

    def _hook(self, program: Counted, kind: HookKind) -> tuple[Counter, str]:
        library, note = (None, "asked for") if kind == "python" else load_hook()
        if library is not None:
            counter = CCounter(program, self._learn, library)
            try:
                counter.attach(self._uc)
                return counter, ""
            except (AttributeError, ImportError) as error:
                note = f"unicorn has changed: {error}"
        if kind == "c":
            raise TinykitError(
                f"The C hook is not to be had: {note}", hint="take hook auto.", code="BENCH_HOOK"
            )
        fallback = PythonCounter(program, self._learn)
        fallback.attach(self._uc)
        return fallback, note

    def _map(self) -> None:
        from unicorn import UC_HOOK_INTR, UC_HOOK_MEM_INVALID, UC_PROT_EXEC, UC_PROT_READ, UC_PROT_WRITE

        board, uc = self.board, self._uc
        uc.mem_map(board.flash.origin, board.flash.size_bytes, UC_PROT_READ | UC_PROT_EXEC)
        uc.mem_map(board.ram.origin, board.ram.size_bytes, UC_PROT_READ | UC_PROT_WRITE)
        if board.mailbox is not None:
            uc.mem_map(board.mailbox.origin, board.mailbox.size_bytes, UC_PROT_READ | UC_PROT_WRITE)
        for segment in self.image.segments:
            uc.mem_write(segment.load_address, segment.data)
        self.uart = Uart(self.cycles)
        self._control = SystemControl()
        self._attach(board.uart.base, self.uart)
        self._attach(board.timer.base, Timer(self._ticks))
        self._attach(board.marker.base, Gpio(board.marker.pin, self._edge))
        self._attach(SCS_BASE, self._control)
        # These two run only when something goes wrong: they are no memory hooks in the sense above.
        uc.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid)
        uc.hook_add(UC_HOOK_INTR, self._on_interrupt)

    def _attach(self, base: int, peripheral: Peripheral) -> None:
        def read(uc: Any, offset: int, size: int, user: object) -> int:
            return peripheral.read(offset & ~3) >> 8 * (offset & 3)

        def write(uc: Any, offset: int, size: int, value: int, user: object) -> None:
            peripheral.write(offset & ~3, value)

        self._uc.mmio_map(base, PAGE_BYTES, read, None, write, None)

    def _register(self, name: str) -> int:
        from unicorn import arm_const

        return int(getattr(arm_const, f"UC_ARM_REG_{name}"))

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes of memory at ``address``."""
        return bytes(self._uc.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Write memory, as a host with a debugger would."""
        self._uc.mem_write(address, data)

    def cycles(self) -> int:
        """The virtual clock in core cycles, by the middle of the cycle model."""
        return self.counter.half_cycles() // 2

    def _ticks(self) -> int:
        return self.cycles() * self.board.timer.clock_hz // self.board.clock_hz

    def _edge(self, high: bool) -> None:
        tallies = self.tallies()
        if high:
            self._rise = tallies
        elif self._rise is not None:
            changes = (after - before for after, before in zip(tallies, self._rise, strict=True))
            self.windows.append(Window(tuple(changes)))
            self._rise = None

    def tallies(self) -> tuple[Tally, ...]:
        """What each bucket has executed since reset."""
        return tuple(self.counter.tally(bucket) for bucket in range(self._buckets))

    def counts(self, tally: Tally) -> Counts:
        """Instructions and modelled cycles of ``tally``."""
        low = tally.cycles + self._model.taken[0] * tally.taken
        high = tally.cycles + tally.spread + self._model.taken[1] * tally.taken
        return Counts(tally.instructions, (low + high) // 2, low, high)

    @property
    def cycle_model(self) -> tuple[str, str]:
        """The cycle model's name and its stated error."""
        return self._model.name, self._model.error

    def _learn(self, address: int, size: int) -> BlockCost | None:
        try:
            cost = self._decoder.block(self.read(address, size), address)
        except Exception as error:  # called from C: nothing may pass through it
            self.fault = Fault("EMULATOR", address, detail=str(error))
            return None
        if not self.board.flash.origin <= address < self._code_end:
            self.fault = Fault("FETCH_OUTSIDE_FLASH", address)
        elif cost is None or (cost.uses_fpu and "fpu" not in self.board.core.features):
            self.fault = Fault("INVALID_INSTRUCTION", address)
        elif cost.uses_fpu and not self._control.fpu_enabled:
            self.fault = Fault("FPU_DISABLED", address)
        return None if self.fault else cost

    def _on_invalid(self, uc: Any, access: int, address: int, size: int, value: int, user: object) -> bool:
        from unicorn import UC_MEM_FETCH_PROT, UC_MEM_FETCH_UNMAPPED, UC_MEM_READ_UNMAPPED, UC_MEM_WRITE_PROT

        if access == UC_MEM_WRITE_PROT:
            name = "FLASH_WRITE"
        elif access == UC_MEM_FETCH_PROT:
            name = "FETCH_OUTSIDE_FLASH"
        else:
            kinds = {UC_MEM_READ_UNMAPPED: "READ", UC_MEM_FETCH_UNMAPPED: "FETCH"}
            name = name_access(self.board, kinds.get(access, "WRITE"), address)
        self.fault = Fault(name, self._program_counter(), address)
        return False

    def _on_interrupt(self, uc: Any, number: int, user: object) -> None:
        name = _INTERRUPTS.get(number, "EXCEPTION")
        self.fault = Fault(name, self._program_counter(), detail=f"exception {number}")
        uc.emu_stop()

    def _program_counter(self) -> int:
        return int(self._uc.reg_read(self._register("PC"))) & ~1

    def run(
        self,
        limit_instructions: int,
        slice_cycles: int = SLICE_CYCLES,
        look: Callable[[], None] | None = None,
    ) -> None:
        """Run until the firmware waits for an interrupt, or until a fault (see ``fault``).

        ``look`` is called every ``slice_cycles``. Reset does not come again: a halted machine stays halted.
        """
        refused = _unicorn().UcError
        while self.fault is None:
            self.counter.set_deadline(self.counter.half_cycles() + 2 * slice_cycles)
            try:
                self._uc.emu_start(self._pc | 1, _NOWHERE)
            except refused as error:
                self._name_error(error)
            self._pc = self._program_counter()
            if self.fault is not None:
                # Unicorn knows the exact instruction only once it has stopped.
                if self.fault.code in ("READ_UNMAPPED", "WRITE_UNMAPPED", "STACK_OVERFLOW", "FLASH_WRITE"):
                    self.fault = Fault(self.fault.code, self._pc, self.fault.address, self.fault.detail)
                return
            if not self.counter.was_stopped():
                if int.from_bytes(self.read(self._pc - 2, 2), "little") != _WFI:
                    self.fault = Fault("EMULATOR", self._pc, detail="it stopped without a reason")
                return
            if sum(tally.instructions for tally in self.tallies()) > limit_instructions:
                self.fault = Fault("HUNG", self._pc, detail=f"{limit_instructions:,} instructions")
            if look is not None:
                look()

    def _name_error(self, error: Any) -> None:
        from unicorn import UC_ERR_INSN_INVALID

        if self.fault is None:
            name = "INVALID_INSTRUCTION" if error.errno == UC_ERR_INSN_INVALID else "EMULATOR"
            self.fault = Fault(name, self._program_counter(), detail=str(error))


def _unicorn() -> Any:
    """Unicorn, whose types are no help."""
    import unicorn
    import unicorn.arm_const

    return unicorn


def _open(board: Board) -> tuple[Any, str]:
    unicorn = _unicorn()
    name = _CPU[board.core.name]
    wanted = getattr(unicorn.arm_const, f"UC_CPU_ARM_{name}")
    uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
    uc.ctl_set_cpu_model(wanted)
    if uc.ctl_get_cpu_model() != wanted:
        raise TinykitError(
            f"unicorn emulates core {uc.ctl_get_cpu_model()} where {wanted} ({name}) was asked for.",
            hint="install the version of unicorn that constraints.txt names.",
            code="BENCH_CPU",
        )
    return uc, name
