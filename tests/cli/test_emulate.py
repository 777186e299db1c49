"""``tinykit emulate`` as a user runs it: a process, its lines, its end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import port_firmware
import pytest
import serial

from tinykit.boards import load_board


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return port_firmware.build(tmp_path_factory.mktemp("firmware") / "build", load_board("virtual-m4"))


class Emulator:
    """A running ``tinykit emulate``."""

    def __init__(self, schema: dict[str, Any], *words: str) -> None:
        self._schema = schema
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tinykit", "emulate", "--board", "virtual-m4", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> dict[str, Any]:
        """Its next line of JSON."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        assert text, self.process.communicate()[1]
        document = json.loads(text)
        jsonschema.validate(document, self._schema)
        return document

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.rest, self.complaints = self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def emulate(checkout: Path) -> Iterator[Callable[..., Emulator]]:
    schema = json.loads((checkout / "tinykit/data/schemas/emulate.v1.schema.json").read_text())
    started: list[Emulator] = []

    def start(*words: object) -> Emulator:
        started.append(Emulator(schema, *map(str, words)))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_board_in_a_folder(emulate, firmware: Path, tmp_path: Path, number, code: int) -> None:
    one = emulate("--firmware", firmware, "--ports", tmp_path / "ports", "--pace", "fast")
    ready = one.line()
    assert ready["event"] == "ready"
    assert ready["simulated"] is True
    assert (ready["pace"], ready["baud"], ready["energy"]) == ("fast", 115_200, None)
    link = tmp_path / "ports" / "board"
    assert ready["ports"] == {"board": str(link)}
    with serial.Serial(str(link), 115_200, timeout=60) as line:
        line.write(b"ehello%")
        assert line.read_until(port_firmware.END).endswith(b"hello" + port_firmware.END)
        line.write(b"f1%")
        fault = one.line()
    assert (fault["event"], fault["code"]) == ("fault", "FIRMWARE_WRITE_UNMAPPED")
    assert one.end(number) == code
    assert one.rest == ""
    assert not link.is_symlink()


def test_a_model_on_tcp_as_an_energy_build(emulate, digits) -> None:
    one = emulate("--model", digits.tflite, "--energy", "--pace", "fast", "--ports", "tcp:0", "--quiet")
    ready = one.line()
    assert (ready["energy"], ready["baud"]) == (True, 9_600)
    with serial.serial_for_url(ready["ports"]["board"], 9_600, timeout=60) as line:
        time.sleep(1)  # it boots without waiting for us
        line.reset_input_buffer()
        line.write(b"name%")
        assert line.read_until(b"m-ready\r\n") == b"m-name-dut-[tinykit]\r\nm-ready\r\n"
        line.write(b"tk info%")
        assert b"m-tk-build-[energy]" in line.read_until(b"m-ready\r\n")
    assert one.end(signal.SIGTERM) == 0
    assert one.complaints == ""


@pytest.mark.parametrize(
    "words",
    [
        ["--board", "virtual-m4", "--ports", "tcp:0"],
        ["--board", "virtual-m4", "--ports", "tcp:0", "--firmware", "a", "--model", "b"],
        ["--board", "virtual-m4", "--ports", "tcp:0", "--firmware", "a", "--energy"],
    ],
)
def test_what_makes_no_sense_is_a_usage_error(tinykit, words: list[str]) -> None:
    done = tinykit("emulate", *words)
    assert done.code == 2
    assert done.out == ""


def test_a_bad_image_and_a_bad_port_are_named(tinykit, firmware: Path, tmp_path: Path) -> None:
    (tmp_path / "no.elf").write_text("no")
    words = ("emulate", "--board", "virtual-m4", "--json", "--firmware")
    done = tinykit(*words, str(tmp_path / "no.elf"), "--ports", "tcp:0")
    assert (done.code, json.loads(done.out)["error"]["code"]) == (3, "IMAGE")
    (tmp_path / "file").write_text("no folder")
    done = tinykit(*words, str(firmware), "--ports", str(tmp_path / "file"))
    assert (done.code, json.loads(done.out)["error"]["code"]) == (3, "PORT_LINK")
    done = tinykit(*words, str(firmware), "--ports", "tcp:99999")
    assert (done.code, json.loads(done.out)["error"]["code"]) == (2, "PORT_UNKNOWN")
