"""The emulated board: unicorn's Cortex-M, the board's memories and peripherals, one virtual clock.

Facts about unicorn 2.1 that shape this file, each with a test: UC_MODE_MCLASS makes every core an M33, so
it is not used; hooks on memory reads and writes corrupt IT blocks, so registers are mmio_map callbacks;
per-instruction hooks miss condition-failed instructions, so blocks are counted; the FPU runs before it is
enabled, so that is checked when a block is decoded.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from typing import Any, Literal

from tinykit.bench import hard_fault
from tinykit.bench.chip import Chip
from tinykit.bench.counter import CCounter, Counted, Counter, PythonCounter, Tally
from tinykit.bench.cycles import CYCLE_MODELS, CycleModel
from tinykit.bench.decode import BlockCost, Decoder
from tinykit.bench.faults import Fault, name_access
from tinykit.bench.hook_library import load_hook
from tinykit.bench.job import SLICE_CYCLES, Counts, HookKind
from tinykit.bench.listener import Listener, PinListener, PowerState
from tinykit.bench.peripherals import PAGE_BYTES
from tinykit.boards import Board
from tinykit.errors import TinykitError
from tinykit.toolchain import Image

_CPU = {"cortex-m0": "CORTEX_M0", "cortex-m4f": "CORTEX_M4"}
_WFI, _WFE = 0xBF30, 0xBF20
_NOWHERE = 0xFFFFFFFE  # unicorn wants an address to stop at; nothing runs there
_Rest = Literal["idle", "sleep", "polling"]
_INTERRUPTS = {1: "INVALID_INSTRUCTION", 4: "UNALIGNED", 17: "INVALID_INSTRUCTION"}


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
        self.listeners: list[Listener] = []
        self.pin_listeners: list[PinListener] = []
        self._buckets = names
        self._rest: _Rest | None = None
        self._goal = 0
        self._model = CYCLE_MODELS[board.core.name]
        self._decoder = Decoder(self._model)
        self._uc, self.cpu = _open(board)
        self._pc_register = self._register("PC")
        self._code_end = max(s.load_address + len(s.data) for s in image.segments)
        size = self._code_end - board.flash.origin
        program = Counted(board.flash.origin, size, names, buckets, sum(self._model.taken))
        self.counter, self.hook_note = self._hook(program, hook)
        self._map()
        self.reset()

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
        self.chip = self._make_chip()
        for base in self.chip.pages:
            self._attach(base)
        # These two run only when something goes wrong: they are no memory hooks in the sense above.
        uc.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid)
        uc.hook_add(UC_HOOK_INTR, self._on_interrupt)

    def _make_chip(self) -> Chip:
        return Chip(self.board, self, self._edge, self._sending, self._pins)

    def _attach(self, base: int) -> None:
        # Looked up each time: a reset replaces the peripherals.
        def read(uc: Any, offset: int, size: int, user: object) -> int:
            return self.chip.pages[base].read(offset & ~3) >> 8 * (offset & 3)

        def write(uc: Any, offset: int, size: int, value: int, user: object) -> None:
            self.chip.pages[base].write(offset & ~3, value)
            if self.chip.control.is_reset_asked:
                uc.emu_stop()

        self._uc.mmio_map(base, PAGE_BYTES, read, None, write, None)

    def reset(self) -> None:
        """Start again from the vector table. Time goes on, and RAM keeps what is in it."""
        self.chip = self._make_chip()
        self.fault = None
        self._in_handler = False
        origin = self.board.flash.origin
        stack, start = (int.from_bytes(self.read(origin + at, 4), "little") for at in (0, 4))
        for name in ("PRIMASK", "CONTROL", "XPSR"):
            self.put(name, 0)
        self.put("SP", stack)
        self._pc = start & ~1
        self._pins(0)
        self._edge(False)
        self._enter(None)

    def _register(self, name: str) -> int:
        return int(getattr(_unicorn().arm_const, f"UC_ARM_REG_{name}"))

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes of memory at ``address``."""
        return bytes(self._uc.mem_read(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Write memory, as a host with a debugger would."""
        self._uc.mem_write(address, data)

    def cycles(self) -> int:
        """The virtual clock in core cycles, by the middle of the cycle model."""
        return self.counter.half_cycles() // 2

    def skip_to(self, cycle: int) -> None:
        """Let time pass, at most to where the present run ends."""
        self.counter.skip_to(2 * min(cycle, self._goal))

    def stop_polling(self) -> None:
        """Hold a firmware that spins until something arrives: it draws what a busy core draws."""
        self._rest = "polling"
        self._uc.emu_stop()

    def _edge(self, high: bool) -> None:
        for listener in self.listeners:
            listener.marker(self.cycles(), high)

    def _pins(self, levels: int) -> None:
        for listen in self.pin_listeners:
            listen(self.cycles(), levels)

    def _sending(self, start: int, end: int) -> None:
        for listener in self.listeners:
            listener.sending(start, end)

    def _enter(self, rest: _Rest | None) -> None:
        """The core rests from now on, or runs again (None)."""
        before, after = _power_state(self._rest), _power_state(rest)
        self._rest = rest
        if before != after:
            for listener in self.listeners:
                listener.state(self.cycles(), after)

    def tallies(self) -> tuple[Tally, ...]:
        """What each bucket has executed since reset."""
        return tuple(self.counter.tally(bucket) for bucket in range(self._buckets))

    def counts(self, tally: Tally) -> Counts:
        """Instructions and modelled cycles of ``tally``."""
        low = tally.cycles + self._model.taken[0] * tally.taken
        high = tally.cycles + tally.spread + self._model.taken[1] * tally.taken
        return Counts(tally.instructions, (low + high) // 2, low, high)

    @property
    def cycle_model(self) -> CycleModel:
        """The cycle model, with its stated error."""
        return self._model

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
        elif cost.uses_fpu and not self.chip.control.fpu_enabled:
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

    def enter_fault_handler(self) -> bool:
        """After a fault: let the firmware's own handler run, once.

        False where it cannot: a fault inside it, which locks a core up, or one that no core would raise.
        """
        if self.fault is None or self._in_handler or not hard_fault.enter(self, self.fault):
            return False
        vector = self.board.flash.origin + 4 * hard_fault.VECTOR
        self._pc = int.from_bytes(self.read(vector, 4), "little") & ~1
        self._in_handler = True
        self.fault = None
        return True

    def get(self, register: str) -> int:
        """A register of the core, by its name."""
        return int(self._uc.reg_read(self._register(register)))

    def put(self, register: str, value: int) -> None:
        """Write a register of the core."""
        self._uc.reg_write(self._register(register), value)

    def push(self, address: int, words: tuple[int, ...]) -> None:
        """Write words to memory; those that fall outside of it are gone."""
        with contextlib.suppress(_unicorn().UcError):
            self.write(address, struct.pack(f"<{len(words)}I", *words))

    def note(self, offset: int, value: int) -> None:
        """Write a register of the system control space."""
        self.chip.control.write(offset, value)

    def _program_counter(self) -> int:
        return int(self._uc.reg_read(self._pc_register)) & ~1

    def run(
        self,
        limit_instructions: int,
        slice_cycles: int = SLICE_CYCLES,
        look: Callable[[], None] | None = None,
    ) -> None:
        """Run until the firmware waits for an interrupt, or until a fault (see ``fault``).

        ``look`` is called every ``slice_cycles``.
        """
        while self.fault is None and self._rest is None:
            self._execute(self.cycles() + slice_cycles)
            if self.fault is not None or self._rest is not None:
                return
            if sum(tally.instructions for tally in self.tallies()) > limit_instructions:
                self.fault = Fault("HUNG", self._pc, detail=f"{limit_instructions:,} instructions")
            if look is not None:
                look()

    def pass_time(self, goal: int) -> None:
        """Let time pass until cycle ``goal`` with the core held, as it is without its supply."""
        self.counter.skip_to(2 * goal)

    def run_to(self, goal: int, *, frozen: bool = False) -> None:
        """Run to cycle ``goal``, which is passed by less than a block. After a fault time goes on alone.

        Rest is jumped over. With ``frozen``, time stands still in a rest that only the host can end.
        """
        while self.cycles() < goal:
            if self.fault is not None:
                self.counter.skip_to(2 * goal)
            elif self._rest is None:
                self._execute(goal)
                if self.chip.control.is_reset_asked:
                    self.reset()
            elif not self._pass_rest(goal, frozen):
                return

    @property
    def is_at_rest(self) -> bool:
        """The firmware waits, asleep or polling."""
        return self._rest is not None

    @property
    def is_polling(self) -> bool:
        """The firmware waits for the host by polling: at rest, and as busy as ever."""
        return self._rest == "polling"

    def next_event(self) -> int | None:
        """At rest: the cycle at which that will end, or None where only the host can end it."""
        if self._rest == "polling":
            return self.chip.uart.next_arrival()
        return self.cycles() if self.chip.control.wakes() else self.chip.next_wake()

    def _pass_rest(self, goal: int, frozen: bool) -> bool:
        """Let time pass until the rest ends; tell whether it has."""
        self._goal = goal
        at = self.next_event()
        if at is None and frozen:
            return False
        self.skip_to(goal if at is None else at)
        if self._rest == "polling" or self.chip.control.wakes():
            self._enter(None)
        return True

    def _execute(self, goal: int) -> None:
        """Run to ``goal``, or to where the firmware rests, or to a fault."""
        self._goal = goal
        self.counter.set_deadline(2 * goal)
        try:
            self._uc.emu_start(self._pc | 1, _NOWHERE)
        except _unicorn().UcError as error:
            self._name_error(error)
        self._pc = self._program_counter()
        if self.fault is None and self._stopped_by_itself():
            if int.from_bytes(self.read(self._pc - 2, 2), "little") in (_WFI, _WFE):
                self._enter("sleep" if self.chip.control.sleeps_deeply else "idle")
            else:
                self.fault = Fault("EMULATOR", self._pc, detail="it stopped without a reason")

    def _stopped_by_itself(self) -> bool:
        asked = self.counter.was_stopped() or self.chip.control.is_reset_asked
        return not asked and self._rest is None

    def _name_error(self, error: Any) -> None:
        from unicorn import UC_ERR_INSN_INVALID

        if self.fault is not None:
            return
        at = self._program_counter()
        if error.errno != UC_ERR_INSN_INVALID:
            self.fault = Fault("EMULATOR", at, detail=str(error))
        # Unicorn refuses WFE, and stands behind it then.
        elif int.from_bytes(self.read(at - 2, 2), "little") != _WFE:
            self.fault = Fault("INVALID_INSTRUCTION", at, detail=str(error))


def _power_state(rest: _Rest | None) -> PowerState:
    return "active" if rest is None or rest == "polling" else rest


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
