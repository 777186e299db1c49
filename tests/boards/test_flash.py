"""Flashing, with a tool of ours in place of openocd: a program on the PATH, started as the real one is."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import port_image
import pytest

from tinykit.boards import Board, load_board
from tinykit.boards.flash import FlashPlan, plan_flash, run_flash
from tinykit.errors import BuildError, DeviceError, InputError, UsageError

# Reads its script as openocd does: words of the argument of -c, split at blanks.
TOOL = """#!{python}
import hashlib, json, os, sys, time
words = sys.argv[sys.argv.index("-c") + 1].split()
assert words[0] == "program" and words[2:] == ["verify", "reset", "exit"], words
data = open(words[1], "rb").read()
seen = dict(arguments=sys.argv[1:], sha256=hashlib.sha256(data).hexdigest(), pid=os.getpid())
open({log!r}, "w").write(json.dumps(seen))
print("Info : clock speed 2000 kHz", file=sys.stderr)
{then}
print("** Verified OK **")
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return port_image.build(load_board("stm32f405"), tmp_path_factory.mktemp("image"))


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs an ``openocd`` whose last act is ``then``; gives the file that tells what it saw."""

    def install(then: str = "", name: str = "openocd") -> Path:
        folder, log = tmp_path / "bin", tmp_path / "seen.json"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(TOOL.format(python=sys.executable, log=str(log), then=then))
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
        return log

    return install


def stm32() -> Board:
    return load_board("stm32f405")


def test_the_tool_gets_the_image_and_the_boards_command(tool, image: Path, tmp_path: Path) -> None:
    log = tool()
    # A name that Tcl would read as a program of its own.
    odd = tmp_path / "a [exec touch hacked] $x.elf"
    odd.write_bytes(image.read_bytes())
    done = run_flash(plan_flash(odd, stm32()))
    seen = json.loads(log.read_text())
    assert seen["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    assert seen["arguments"][:4] == ["-f", "interface/stlink.cfg", "-f", "target/stm32f4x.cfg"]
    assert done.said[-1] == "** Verified OK **"
    assert not any(path.name == "hacked" for path in tmp_path.rglob("*"))


def test_a_builds_folder_will_do(image: Path) -> None:
    plan = plan_flash(image.parent, stm32())
    assert plan.image == image
    assert 1_000 < plan.size_bytes < 20_000


def test_a_missing_tool_names_the_way_to_it(image: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as caught:
        run_flash(plan_flash(image, stm32()))
    assert caught.value.code == "FLASH_TOOL_MISSING"
    assert "apt install openocd" in caught.value.hint
    with pytest.raises(UsageError) as unknown:
        run_flash(FlashPlan("x", image, ("nobodys-tool",), 1))
    assert "nobodys-tool" in unknown.value.hint


def test_a_tool_that_fails_is_quoted(tool, image: Path) -> None:
    tool("print('x\\n' * 500); print('Error: open failed', file=sys.stderr); print('shutdown'); sys.exit(1)")
    with pytest.raises(DeviceError) as caught:
        run_flash(plan_flash(image, stm32()))
    assert caught.value.code == "FLASH_FAILED"
    assert "(exit 1): Error: open failed" in caught.value.message
    assert "shutdown" in caught.value.hint
    assert len(caught.value.hint) < 1000


@pytest.mark.parametrize(
    "then", ["os.kill(os.getpid(), 9)", "sys.stdout.buffer.write(bytes(range(256))); sys.exit(3)"]
)
def test_a_tool_that_dies_or_says_odd_bytes(tool, image: Path, then: str) -> None:
    tool(then)
    with pytest.raises(DeviceError) as caught:
        run_flash(plan_flash(image, stm32()))
    assert caught.value.code == "FLASH_FAILED"


def test_a_tool_that_hangs_is_ended(tool, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tool("time.sleep(60)")
    monkeypatch.setattr("tinykit.boards.flash._LIMIT_S", 1.0)
    with pytest.raises(DeviceError) as caught:
        run_flash(plan_flash(image, stm32()))
    assert caught.value.code == "FLASH_TIMEOUT"
    with pytest.raises(ProcessLookupError):
        os.kill(json.loads(log.read_text())["pid"], 0)


def test_interrupting_leaves_no_tool_behind(tool, image: Path, tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    ignore = f"signal.signal(signal.SIGINT, signal.SIG_IGN); open({str(deaf)!r}, 'w').close()"
    log = tool(f"import signal; {ignore}; time.sleep(600)")
    words = [sys.executable, "-m", "tinykit", "flash", str(image), "--board", "stm32f405"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not deaf.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(json.loads(log.read_text())["pid"], 0)


@pytest.mark.parametrize(
    ("board", "why"), [("nrf52840dk", "outside its flash"), ("nucleo-l4r5zi", "built for 'stm32f405'")]
)
def test_an_image_of_another_board_is_refused(tmp_path: Path, image: Path, board: str, why: str) -> None:
    path = image
    if board == "nucleo-l4r5zi":  # the same addresses: only the name in the image tells
        path = tmp_path / "named.elf"
        path.write_bytes(image.read_bytes())
    with pytest.raises(InputError) as caught:
        plan_flash(path, load_board(board))
    assert caught.value.code == "FLASH_OTHER_BOARD"
    assert why in caught.value.message


def test_what_is_no_image_or_needs_no_flashing(tmp_path: Path, image: Path) -> None:
    (tmp_path / "text.elf").write_text("no image")
    for path in (tmp_path / "text.elf", tmp_path / "none.elf", tmp_path):
        with pytest.raises(BuildError) as caught:
            plan_flash(path, stm32())
        assert caught.value.code == "IMAGE"
    with pytest.raises(InputError) as nothing:
        plan_flash(image, load_board("virtual-m4"))
    assert nothing.value.code == "FLASH_NOTHING"


def test_a_port_is_asked_for_where_the_command_takes_one(image: Path) -> None:
    serial = replace(stm32(), flash_command=("esptool", "--port", "{port}", "write_flash", "{image}"))
    for board, port in ((serial, None), (stm32(), "/dev/ttyACM0")):
        with pytest.raises(UsageError) as caught:
            plan_flash(image, board, port)
        assert caught.value.code == "FLASH_PORT"
    assert plan_flash(image, serial, "/dev/ttyACM0").command[2] == "/dev/ttyACM0"
