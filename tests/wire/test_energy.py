"""The energy build: pulses in place of times, and nothing on the line while inferences run."""

from __future__ import annotations

from itertools import pairwise

from wire.pipes import HostBoard, Said, done_with_crc, hex_commands

from tinykit.wire.tokens import GUARD_MS

INPUT = list(hex_commands(bytes(range(64))))
PULSE_TICKS = 100


def pulses(said: Said) -> list[int]:
    """How much had been sent at each falling edge."""
    marks = [(value, at) for what, value, at in said.events if what == "mark"]
    return [at for (before, _), (value, at) in pairwise(marks) if before and not value]


def test_the_banner_names_the_mode_and_has_no_time(energy_board: HostBoard) -> None:
    said = energy_board.run()
    assert said.raw == b""
    assert len(pulses(said)) == 1, "one pulse at boot"
    assert [value for what, value, _ in said.events if what == "mark"][-1] == 1, "it idles high"


def test_infer_has_two_pulses_and_no_times(energy_board: HostBoard) -> None:
    said = energy_board.run(*INPUT, "infer 5 1%")
    reply = said.replies[-1]
    assert reply[:4] == ["m-warmup-start-1", "m-warmup-done", "m-infer-start-5", "m-infer-done"]
    assert reply[4].startswith("m-results-[")
    start = said.raw.index(b"m-infer-start-5\r\n") + len(b"m-infer-start-5\r\n")
    assert pulses(said)[1:] == [start, start]
    window = [(what, value) for what, value, at in said.events if at == start]
    high, low = ("mark", 1), ("mark", 0)
    assert window == [("flush", 0), ("uart", 0), high, low, high, high, low, high, ("uart", 1)]


def test_a_timestamp_is_a_pulse(energy_board: HostBoard) -> None:
    said = energy_board.run("timestamp%", "timestamp%")
    assert said.replies == [[], []]
    assert len(pulses(said)) == 3


def test_results_are_those_of_the_performance_build(board: HostBoard, energy_board: HostBoard) -> None:
    commands = [*INPUT, "infer 1 0%", "tk output 0%"]
    assert energy_board.run(*commands).replies[-1] == board.run(*commands).replies[-1]


def test_a_window_is_one_pulse_between_two_falls_with_the_uart_off(energy_board: HostBoard) -> None:
    said = energy_board.run(*INPUT, "tk arm 4 1%", "tk go%", "timestamp%")
    assert said.replies[-3:] == [["m-tk-armed-[4]"], ["m-tk-go", *said.replies[-2][1:]], []]
    done_with_crc(said.replies[-2][1:], 4)
    go = said.raw.index(b"m-tk-go\r\n") + len(b"m-tk-go\r\n")
    armed = said.raw.index(b"m-tk-armed")
    assert [(what, value) for what, value, at in said.events if at in (armed, go)] == [
        ("mark", 0),
        ("flush", 0),
        ("uart", 0),
        ("mark", 0),
        ("idle", GUARD_MS),
        ("mark", 1),
        ("mark", 0),  # a notch, for meters that see falls only
        ("mark", 1),
        ("mark", 0),
        ("idle", GUARD_MS),
        ("uart", 1),
    ]
    assert pulses(said)[-1] == said.raw.rindex(b"m-ready"), "the pin idles low until the timestamp"


def test_it_says_what_it_is(energy_board: HostBoard) -> None:
    reply = energy_board.ask("tk info%")
    assert "m-tk-build-[energy]" in reply


def test_a_window_heeds_no_stop_and_a_warm_up_does(energy_board: HostBoard) -> None:
    said = energy_board.run(*INPUT, "infer 1 1000000000%", b"\x03", "name%")
    assert said.replies[-2] == ["m-warmup-start-1000000000", "e-[stopped]"]
    assert said.replies[-1] == ["m-name-dut-[tinykit]"]


def test_the_energy_baud_is_the_board_s() -> None:
    from dataclasses import replace

    from tinykit.boards import load_board
    from tinykit.toolchain.firmware import board_header

    board = load_board("virtual-m4")
    board = replace(board, uart=replace(board.uart, baud=115_200, energy_baud=9_600))
    assert f"#define TK_UART_BAUD 0x{115_200:x}u" in board_header(board)
    energy = board_header(board, energy=True)
    assert f"#define TK_UART_BAUD 0x{9_600:x}u" in energy
    assert "#define TK_ENERGY 1" in energy
