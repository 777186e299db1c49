"""The serial log: every piece with its time, readable while the session goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tinykit.errors import OutputError
from tinykit.lab.serial_log import SERIAL_LOG, SerialLog, logged
from tinykit.running.serial.link import Link


class Wire:
    """A port that has said something, and keeps what it hears."""

    def __init__(self) -> None:
        self.heard, self.says = b"", b""

    def write(self, data: bytes) -> None:
        self.heard += data

    def read(self, count: int) -> bytes:
        data, self.says = self.says[:count], self.says[count:]
        return data

    @property
    def in_waiting(self) -> int:
        return len(self.says)


def lines_of(folder: Path) -> list[list[str]]:
    text = (folder / SERIAL_LOG).read_text("ascii")
    return [line.split(" ", 2) for line in text.splitlines() if not line.startswith("#")]


def test_what_was_said_before_and_during_is_there_at_once(tmp_path: Path) -> None:
    wire = Wire()
    link = Link(wire, "x", 9600)
    before = time.monotonic()
    link.write(b"name%")
    with logged(link, tmp_path) as log:
        wire.says = b"m-name-dut-[tinykit]\r\n\x00\xff"
        link.line(link.clock() + 1)
        found = lines_of(tmp_path)
        assert found[0][1:] == [">", "name%"]
        assert {way for _, way, _ in found} == {">", "<"}
        said = "".join(text for _, way, text in found if way == "<")
        assert said == "m-name-dut-[tinykit]\\r\\n\\x00\\\\xff"
        times = [float(t) for t, _, _ in found]
        assert times == sorted(times)
        assert before <= times[0] <= times[-1] <= time.monotonic()
        log.sync()
        (tmp_path / "raw").mkdir()
    link.write(b"help%")
    assert len(lines_of(tmp_path)) == len(found), "the log goes on behind its end"


def test_a_session_that_never_began_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyError), logged(Link(Wire(), "x", 9600), tmp_path):
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_one_that_began_keeps_its_log(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(KeyError), logged(Link(Wire(), "x", 9600), tmp_path):
        raise KeyError
    assert (tmp_path / SERIAL_LOG).is_file()


def test_a_full_disk_is_told_and_ends_no_exchange(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    log = SerialLog(tmp_path)
    hear: Callable[[float, str, bytes], None] = log.hear
    full = Path("/dev/full").open("w", encoding="ascii")  # noqa: SIM115
    log._file.close()
    log._file = full
    hear(1.0, ">", b"name%")
    hear(2.0, "<", b"m-ready")
    with pytest.raises(OutputError):
        log.check()
