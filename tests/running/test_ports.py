"""Opening a port: what goes wrong has a name and a way out."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
import tty
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from running.stand_in import Quirks, StandIn, a_model, served

from tinykit.boards import load_board
from tinykit.config import Config
from tinykit.errors import DeviceError, InputError, UsageError
from tinykit.running.execute import run_model
from tinykit.running.places.serial import plan_of
from tinykit.running.serial.discover import choose_port
from tinykit.running.serial.exchange import Exchange, Patience
from tinykit.running.serial.link import LineError
from tinykit.running.serial.monitor import monitor
from tinykit.running.serial.port import open_link
from tinykit.running.serial.reset import PLANS, find_plan
from tinykit.running.targets import Target, find_targets

PLAIN = PLANS["plain"]


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    for number in (master, slave):
        with contextlib.suppress(OSError):
            os.close(number)


def refused(name: str, plan=PLAIN) -> str:
    with pytest.raises(DeviceError) as caught:
        open_link(name, 115_200, plan)
    assert caught.value.hint
    return caught.value.code


def test_a_port_that_is_not_there(tmp_path) -> None:
    assert refused(str(tmp_path / "ttyACM0")) == "PORT_MISSING"


def test_a_file_is_no_port(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    assert refused(str(tmp_path / "file")) == "PORT_REFUSED"


def test_nobody_at_the_socket() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    assert refused(f"socket://127.0.0.1:{number}") == "PORT_UNREACHABLE"
    assert refused("nosuch://x") == refused("socket://nohost") == "PORT_MISSING"


@pytest.mark.parametrize(
    "where",
    ["/dev/ttyACM99", "ttyACM99", "dev/ttyACM99", "./board", "localhost:1", "tcp:127.0.0.1:1", "socket:h:1"],
)
def test_a_mistyped_port_is_a_port_that_is_not_there(where: str, digits) -> None:
    with pytest.raises(DeviceError) as caught:
        run_model(digits.tflite, where)
    assert caught.value.code == "PORT_MISSING"
    assert where in caught.value.message


def test_a_mistyped_board_is_a_board_that_is_not_known(digits) -> None:
    with pytest.raises(InputError) as caught:
        run_model(digits.tflite, "virtual-m5")
    assert caught.value.code == "BOARD_UNKNOWN"


@pytest.mark.parametrize("words", [b"", b"Port already in use\r\n"])
def test_a_socket_that_hangs_up_at_once_is_busy(words: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        link = open_link(f"socket://127.0.0.1:{server.getsockname()[1]}", 115_200, PLAIN)
        with pytest.raises(LineError) as caught:
            Exchange(link, Patience(1.0, 0.01, 60.0)).ask("name")
        assert caught.value.code == "PORT_BUSY"
        link.close()


def test_two_on_one_port(pty) -> None:
    link = open_link(pty[1], 115_200, PLAIN)
    assert refused(pty[1]) == "PORT_BUSY"
    link.close()
    open_link(pty[1], 115_200, PLAIN).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a child without root")
def test_no_permission_names_the_group(tmp_path) -> None:
    """Dropped root in a child: root may open everything."""
    pytest.importorskip("grp")  # loaded here: the child may not read root's Python
    master, slave = os.openpty()
    name = os.ttyname(slave)
    Path(name).chmod(0)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            open_link(name, 115_200, PLAIN)
            os.write(write, b"opened")
        except DeviceError as error:
            os.write(write, f"{error.code} {error.message} {error.hint}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    said = os.read(read, 4096).decode()
    for number in (master, slave, read, write):
        os.close(number)
    assert said.startswith("PORT_PERMISSION")
    assert "the group" in said and "usermod" in said


def test_unplugging_is_named_and_shows_what_was_said(pty) -> None:
    link = open_link(pty[1], 115_200, PLAIN)
    exchange = Exchange(link, Patience(1.0, 0.01, 1.0))
    threading.Timer(0.1, lambda: os.close(pty[0])).start()
    with pytest.raises(LineError) as caught:
        exchange.ask("name")
    assert caught.value.code == "PORT_LOST"
    assert "name%" in caught.value.transcript
    link.close()


def test_a_silent_board_ends_at_its_deadline(pty) -> None:
    link = open_link(pty[1], 115_200, PLAIN)
    with pytest.raises(LineError) as caught:
        Exchange(link, Patience(0.1, 0.01, 0.2)).ask("name")
    assert caught.value.code == "BOARD_SILENT"
    assert "sent 'name%', received nothing" in caught.value.message
    link.close()


def test_every_reset_plan_leaves_a_pty_alone(pty) -> None:
    for plan in PLANS.values():
        open_link(pty[1], 115_200, plan).close()
    with pytest.raises(InputError):
        find_plan("hammer")


def test_an_upload_reaches_a_board_behind_a_socket() -> None:
    """socket:// knows no count of waiting bytes, and gathers small packets unless told not to."""
    model = a_model(600)
    board = StandIn(model)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                while data := peer.recv(4096):
                    peer.sendall(board.hear(data))

        threading.Thread(target=serve, daemon=True).start()
        link = open_link(f"socket://127.0.0.1:{server.getsockname()[1]}", 115_200, PLAIN)
        from tinykit.running.serial.upload import upload

        exchange = Exchange(link, Patience(0.5, 0.01, 2.0))
        upload(exchange, bytes(range(200)) * 3, 512, 8)
        link.close()
    assert board.buffer == bytes(range(200)) * 3


def port(device: str, vid: int | None = None, pid: int | None = None):
    return types.SimpleNamespace(device=device, vid=vid, pid=pid)


def test_auto_says_why() -> None:
    choice = choose_port([port("/dev/ttyS0"), port("/dev/ttyACM0", 0x0483, 0x374B)])
    assert choice.port == "/dev/ttyACM0"
    assert "0483:374b" in choice.reason and "ST-LINK" in choice.reason and "nucleo-l4r5zi" in choice.reason
    with pytest.raises(DeviceError, match="ttyS0") as none:
        choose_port([port("/dev/ttyS0"), port("/dev/ttyACM1", 0x1915, 0xC00A)])
    assert none.value.code == "NO_BOARD_FOUND"
    with pytest.raises(DeviceError, match="Arduino") as several:
        choose_port([port("a", 0x2341, 1), port("b", 0x2E8A, 5)])
    assert several.value.code == "SEVERAL_BOARDS"


def test_names_come_from_the_configuration() -> None:
    from tinykit.config import Target as Entry

    config = Config(targets={"desk": Entry("/dev/ttyACM0", "stm32f405", 9600, "none"), "bad": Entry()})
    (found,) = find_targets(["desk"], config)
    assert found == Target("desk", "/dev/ttyACM0", 9600, "stm32f405", "none")
    assert find_targets(["desk"], config, baud=1200)[0].baud == 1200
    for names in ([], ["bad"], ["desk", "/dev/ttyACM0"]):
        with pytest.raises(UsageError):
            find_targets(names, config)


def test_a_board_file_says_how_its_port_is_opened(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('reset = "dtr"\n' + Path(load_board("nucleo-l4r5zi").source_path).read_text())
    assert load_board(str(file)).reset == "dtr"
    assert plan_of(Target("desk", "/dev/ttyACM0", board=str(file))) is PLANS["dtr"]
    assert plan_of(Target("desk", "/dev/ttyACM0", board=str(file), reset="none")) is PLANS["none"]
    assert plan_of(Target("desk", "/dev/ttyACM0")) is PLANS["plain"]


def test_monitor_sends_once_a_board_that_starts_is_ready() -> None:
    quirks = Quirks(boot_s=0.15, late_banner=True)
    with served(StandIn(a_model(8), quirks)) as name:
        heard = list(monitor(Target(name, name), ["name"], seconds=1.0))
    assert [h.line.name for h in heard][-3:] == ["ready", "name", "ready"]


def test_monitor_waits_for_an_answer_before_it_sends_again() -> None:
    """A board that computes its answer loses what comes meanwhile."""
    master, slave = os.openpty()
    tty.setraw(slave)
    early: list[bytes] = []

    def board() -> None:
        for _ in range(2):
            heard = b""
            while not heard.endswith(b"%"):
                heard += os.read(master, 1)
            time.sleep(0.1)
            if select.select([master], [], [], 0)[0]:
                early.append(os.read(master, 99))
            os.write(master, b"m-[" + heard[:-1] + b"]\r\nm-ready\r\n")

    thread = threading.Thread(target=board, daemon=True)
    thread.start()
    name = os.ttyname(slave)
    heard = list(monitor(Target(name, name), ["name", "profile"], seconds=1.2))
    os.close(master)
    os.close(slave)
    assert not early
    assert [h.line.text for h in heard] == ["m-[name]", "m-ready", "m-[profile]", "m-ready"]


def test_monitor_shows_lines_and_sends_first() -> None:
    with served(StandIn(a_model(8), Quirks())) as name:
        heard = list(monitor(Target(name, name), ["name", "profile"], seconds=0.8))
    assert [h.line.name for h in heard] == ["name", "ready", "profile", "model", "ready"]
    assert '"schema": "tinykit.monitor"' in heard[0].to_json()
