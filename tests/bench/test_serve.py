"""A served board as other programs meet it: real pyserial, real ptys and sockets."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import port_firmware
import pytest
import serial

from tinykit.bench import ServedBoard, Slip, serve_board
from tinykit.boards import load_board
from tinykit.errors import BuildError, DeviceError, InputError, OutputError, UsageError

M4 = load_board("virtual-m4")
END = port_firmware.END
Serve = Callable[..., ServedBoard]


@pytest.fixture
def serve(port_image, tmp_path: Path):
    """``serve("pty", pace="fast")``: the firmware of the port's tests; stopped at the end."""
    started: list[ServedBoard] = []

    def start(kind: str = "tcp", **words) -> ServedBoard:
        port = f"pty:{tmp_path / 'ports' / 'board'}" if kind == "pty" else "tcp:127.0.0.1:0"
        started.append(serve_board(port_image("virtual-m4"), M4, port=port, **words))
        return started[-1]

    yield start
    for board in started:
        board.stop()


def connect(board: ServedBoard) -> serial.SerialBase:
    return serial.serial_for_url(board.port, 115200, timeout=60)


def ask(line: serial.SerialBase, text: str) -> bytes:
    line.write(text.encode() + b"%")
    return line.read_until(END)


@pytest.mark.parametrize("pace", ["real", "fast"])
@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_a_program_talks_to_it_as_to_any_board(serve: Serve, kind: str, pace: str) -> None:
    board = serve(kind, pace=pace, awaits_host=True)
    with connect(board) as line:
        assert line.read_until(b"\n") == b"boot\r\n"
        for text in ("hello", "x" * 40, "y" * 80):
            assert ask(line, "e" + text) == text.encode() + END
    assert board.fault is None


def test_at_pace_fast_time_is_the_works_and_the_hosts(serve: Serve) -> None:
    board = serve(awaits_host=True)
    with connect(board) as line:
        line.read_until(b"\n")
        assert ask(line, "s5000") == END
        before_s = board.advance(0)
        assert 5 < before_s < 5.1
        time.sleep(0.1)
        assert board.advance(0) == before_s, "it waits: time stands still"
        assert board.advance(10) == pytest.approx(before_s + 10)
        assert ask(line, "i3600000").endswith(END), "an hour of its time is none of ours"


def test_at_pace_real_it_is_never_ahead_of_the_wall(serve: Serve) -> None:
    board = serve(pace="real", awaits_host=True)
    with connect(board) as line:
        line.read_until(b"\n")
        for _ in range(3):
            # Its own time was read later than this: however long the answer took, that is in the difference.
            asked_s = time.monotonic()
            virtual_s, wall_s = board.advance(0), time.monotonic()
            assert ask(line, "s300").endswith(END)
            assert time.monotonic() - wall_s >= 0.3
        assert board.advance(0) - virtual_s <= time.monotonic() - asked_s + 0.001


def test_slip_is_reported(serve: Serve) -> None:
    heard: list[object] = []
    board = serve(pace="real", hook="python", awaits_host=True, on_event=heard.append)
    with connect(board) as line:
        line.read_until(b"\n")
        assert ask(line, "b3000000") == END
    slips = [event for event in heard if isinstance(event, Slip)]
    assert slips
    assert board.worst_slip_s == slips[-1].behind_s > 0.01


def test_a_host_that_does_not_read_holds_a_fast_board_up_and_loses_nothing(serve: Serve) -> None:
    board = serve("pty", awaits_host=True)
    expected = b"".join(b"%08x" % n for n in range(5_000))  # more than a pty holds
    with connect(board) as line:
        line.read_until(b"\n")
        line.write(b"n5000%")
        before_s, deadline = -1.0, time.monotonic() + 60
        while (now_s := board.advance(0)) != before_s or not line.in_waiting:
            assert time.monotonic() < deadline
            before_s = now_s
            time.sleep(0.1)
        assert now_s < 10 * len(expected) / 115_200, "there is more to say"
        assert line.read(len(expected)) == expected
        assert line.read_until(END) == END


def test_closing_and_opening_again(serve: Serve) -> None:
    for kind in ("pty", "tcp"):
        board = serve(kind, awaits_host=True)
        with connect(board) as line:
            line.read_until(b"\n")
        for _ in range(3):
            with connect(board) as line:
                assert ask(line, "eagain") == b"again" + END


def test_a_second_client_is_told_and_the_first_goes_on(serve: Serve) -> None:
    board = serve(awaits_host=True)
    with connect(board) as line:
        assert line.read_until(b"\n") == b"boot\r\n"
        host, _, number = board.port.removeprefix("socket://").rpartition(":")
        for _ in range(3):
            with socket.create_connection((host, int(number)), timeout=60) as other:
                assert other.makefile("rb").read() == b"Port already in use\r\n"
        assert ask(line, "estill") == b"still" + END
    for text in ("a", "b", "c"):
        with connect(board) as line:
            assert ask(line, f"e{text}").endswith(text.encode() + END), "who comes after the first is served"


def test_what_is_said_to_nobody_is_gone(serve: Serve) -> None:
    board = serve("pty")
    board.advance(1)  # it has booted
    with connect(board) as line:
        assert ask(line, "ehi") == b"hi" + END


def test_a_fault_is_told_with_symbol_and_code_and_a_reset_revives(serve: Serve) -> None:
    heard: list[object] = []
    board = serve(awaits_host=True, on_event=heard.append)
    with connect(board) as line:
        line.read_until(b"\n")
        line.write(b"f1%")
        deadline = time.monotonic() + 60
        while not heard and time.monotonic() < deadline:
            time.sleep(0.01)
        assert isinstance(heard[0], DeviceError)
        assert heard[0].code == "FIRMWARE_WRITE_UNMAPPED"
        assert "0x60000000" in heard[0].message
        assert board.fault is heard[0]
        board.reset()
        assert board.fault is None
        assert line.read_until(b"boot\r\n").endswith(b"boot\r\n")
        assert ask(line, "e1") == b"1" + END


def test_the_link_goes_with_the_board_and_stale_ones_are_replaced(serve: Serve, tmp_path: Path) -> None:
    link = tmp_path / "ports" / "board"
    link.parent.mkdir()
    link.symlink_to("/dev/pts/no-such-terminal")
    board = serve("pty")
    assert str(link.readlink()) == board.device
    with pytest.raises(OutputError) as caught:
        serve("pty")
    assert caught.value.code == "PORT_LINK"
    assert str(link.readlink()) == board.device, "the other's link is left alone"
    board.stop()
    assert not link.is_symlink()


def test_a_file_in_the_links_place_is_left_alone(serve: Serve, tmp_path: Path) -> None:
    link = tmp_path / "ports" / "board"
    link.parent.mkdir()
    link.write_text("mine")
    with pytest.raises(OutputError):
        serve("pty")
    assert link.read_text() == "mine"


def wait_for_end(number: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError("it lives on")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_cleanly(serve: Serve, tmp_path: Path, number: signal.Signals) -> None:
    board = serve("pty")
    board._process.send_signal(number)
    assert board._process.wait(60) == 0
    assert not (tmp_path / "ports" / "board").is_symlink()
    with pytest.raises(DeviceError) as caught:
        board.reset()
    assert caught.value.code == "BENCH_DIED"


def test_it_dies_with_its_parent(port_image, tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib\n"
        "from tinykit.bench import serve_board\n"
        "from tinykit.boards import load_board\n"
        "elf, board = pathlib.Path(sys.argv[1]), load_board('virtual-m4')\n"
        "board = serve_board(elf, board, port='pty:' + sys.argv[2])\n"
        "print(board._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    link = tmp_path / "board"
    words = [sys.executable, "-c", program, str(port_image("virtual-m4")), str(link)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=60)
    wait_for_end(int(done.stdout))
    assert not link.is_symlink()


def test_what_cannot_be_served_is_refused_in_this_process(serve: Serve, port_image, tmp_path: Path) -> None:
    (tmp_path / "no.elf").write_bytes(b"not an image")
    elf = port_image("virtual-m4")
    with pytest.raises(BuildError):
        serve_board(tmp_path / "no.elf", M4)
    with pytest.raises(UsageError) as unknown:
        serve_board(elf, M4, port="usb:1")
    assert unknown.value.code == "PORT_UNKNOWN"
    number = serve().port.rpartition(":")[2]
    with pytest.raises(DeviceError) as taken:
        serve_board(elf, M4, port=f"tcp:127.0.0.1:{number}")
    assert taken.value.code == "PORT_TAKEN"
    with pytest.raises(InputError) as real:
        serve_board(elf, replace(M4, is_emulated=False))
    assert real.value.code == "BOARD_NOT_EMULATED"


def test_a_url_of_ours_starts_a_board_and_ends_it(port_image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        serial, "protocol_handler_packages", ["serial.urlhandler", "tinykit.bench.serial_handlers"]
    )
    url = f"tinykit://virtual-m4?elf={port_image('virtual-m4')}"
    with serial.serial_for_url(url, 115200, timeout=60) as line:
        number = line.board._process.pid
        assert line.read_until(b"\n") == b"boot\r\n"
        assert ask(line, "eurl") == b"url" + END
        line.write(b"e12345%")
        deadline = time.monotonic() + 60
        while line.in_waiting < 5 + len(END) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert line.in_waiting == 5 + len(END)
    wait_for_end(number)
    line.open()
    assert line.read_until(b"\n") == b"boot\r\n", "opened again, it boots again"
    line.close()
    for wrong in ("tinykit://virtual-m4", f"{url}&model=x", f"{url}&pace=slow", f"{url}&speed=1"):
        with pytest.raises(UsageError) as caught:
            serial.serial_for_url(wrong)
        assert caught.value.code == "PORT_URL"
    with pytest.raises(InputError):
        serial.serial_for_url(f"tinykit://no-board?elf={port_image('virtual-m4')}")


def test_the_dialect_as_typed_into_a_terminal(digits, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way for a stranger: a model in a URL, and words by hand."""
    monkeypatch.setattr(
        serial, "protocol_handler_packages", ["serial.urlhandler", "tinykit.bench.serial_handlers"]
    )
    model = digits.tflite
    with serial.serial_for_url(f"tinykit://virtual-m4?model={model}", 115200, timeout=60) as line:

        def say(text: str) -> list[str]:
            for byte in text.encode():
                line.write(bytes([byte]))
            return line.read_until(b"m-ready\r\n").decode().split("\r\n")[:-2]

        banner = say("")
        assert banner[0] == "m-timestamp-mode-performance"
        assert banner[-1] == "m-init-done"
        assert say("name%") == ["m-name-dut-[tinykit]"]
        assert say("\r\nprofile%")[0] == "m-profile-[ULPMark for tinyML Firmware V0.0.1]"
        assert say("what%") == ["e-[Unknown command: what]"]
        assert say("db load 64%") == ["m-[Expecting 64 bytes]"]
        assert say("db load 64%") == ["m-[Expecting 64 bytes]"]
        assert say("db " + "80" * 32 + "%") == []
        assert say("db " + "80" * 32 + "%") == ["m-load-done"]
        reply = say("infer 2 1%")
        assert [one.partition("-us-")[0] for one in reply[:6]] == [
            "m-warmup-start-1",
            "m-warmup-done",
            "m-infer-start-2",
            "m-lap",
            "m-lap",
            "m-infer-done",
        ]
        assert reply[-1].startswith("m-results-[")
        hashed = hashlib.sha256(model.read_bytes()).hexdigest()
        assert f"m-tk-model-[{hashed}]" in say("tk info%")
