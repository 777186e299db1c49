"""Board files: what comes with tinykit is sound, what is not sound is refused by its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinykit.boards import CORES, list_boards, load_board
from tinykit.errors import InputError

GOOD = (Path(load_board("virtual-m4").source_path)).read_text()


def edited(tmp_path: Path, old: str, new: str) -> Path:
    assert old in GOOD
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new, 1))
    return path


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_board(path)
    return caught.value


def test_the_boards_that_come_with_tinykit() -> None:
    boards = {board.name: board for board in list_boards()}
    m0, m4 = boards["virtual-m0"], boards["virtual-m4"]
    assert (m4.name, m4.core.name, m4.clock_hz) == ("virtual-m4", "cortex-m4f", 120_000_000)
    assert (m4.flash.size_bytes, m4.ram.size_bytes) == (1 << 20, 256 << 10)
    assert m4.core.features == {"dsp", "fpu"}
    assert (m0.name, m0.core.architecture, m0.clock_hz) == ("virtual-m0", "armv6-m", 48_000_000)
    assert (m0.flash.size_bytes, m0.ram.size_bytes) == (256 << 10, 32 << 10)
    assert all(board.power.source and board.core.name in CORES for board in boards.values())


def test_a_board_of_ones_own_needs_one_file(tmp_path: Path) -> None:
    path = edited(tmp_path, "size_bytes = 262_144", "size_bytes = 65_536")
    path.write_text(path.read_text().replace('"virtual-m4"', '"mine"', 1))
    board = load_board(str(path))
    assert (board.name, board.ram.size_bytes) == ("mine", 65_536)
    assert board.source_path == str(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("clock_hz = 120_000_000", "", "'clock_hz' is missing"),
        ("clock_hz = 120_000_000", 'clock_hz = "fast"', "'clock_hz' must be an integer"),
        ("clock_hz = 120_000_000", "clock_hz = true", "'clock_hz' must be an integer"),
        ("clock_hz = 120_000_000", "clock_hz = 120_000_000\nspeed = 3", "'speed' is not a key"),
        ("[ram]\n", "[ram]\ncolour = 1\n", "'ram.colour' is not a key"),
        ("origin = 0x2000_0000", "origin = 0x0008_0000", "overlaps"),
        ("origin = 0x2000_0000", "origin = 0x2000_0001", "multiples of 4096"),
        ("origin = 0x2000_0000", "origin = 0xFFFF_F000", "leaves the address space"),
        ("stack_bytes = 4096", "stack_bytes = 262_144", "leave room in RAM"),
        ('kind = "assumed"', 'kind = "guessed"', "'power.kind' must be one of"),
        ("idle_w = 0.015\n", "", "'power.idle_w' is missing"),
        ("idle_w = 0.015", "idle_w = inf", "'power.idle_w' must be a number"),
        ("idle_w = 0.015", "idle_w = -1", "'power.idle_w' must be a number"),
        ('chip = "mps2"', 'chip = "../../etc"', "'chip' may hold"),
        ('name = "virtual-m4"', 'name = "a b"', "'name' may hold"),
        ("baud = 115_200", 'baud = 115_200\ntx = "9"', "'uart.tx' must be a pin such as PA9"),
        ("baud = 115_200", 'baud = 115_200\ntx = "PA16"', "'uart.tx' must be a pin such as PA9"),
        ("baud = 115_200", "baud = 115_200\nirq = 240", "'uart.irq' must be an integer from 0 to 239"),
        ("baud = 115_200", "baud = 115_200\nenergy_baud = 1", "'uart.energy_baud' must be an integer"),
        ("pin = 0", 'pin = 0\nactive = "on"', "'marker.active' must be one of high, low"),
        (
            "emulated = true",
            'emulated = true\nreset = "kick"',
            "'reset' must be one of plain, none, dtr, rts",
        ),
        ("emulated = true", 'emulated = true\nusb = ["0483:374B"]', "'usb' holds '0483:374B'"),
        ("[ram]", "[ram", "Expected"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    error = refused(edited(tmp_path, old, new))
    assert error.code == "BOARD_FILE"
    assert says in error.message
    assert "mine.toml" in error.message


def test_an_unknown_core_board_or_file_is_refused(tmp_path: Path) -> None:
    assert refused(edited(tmp_path, '"cortex-m4f"', '"cortex-a72"')).code == "BOARD_CORE"
    assert refused(tmp_path / "none.toml").code == "BOARD_FILE"
    unknown = refused(Path("virtual-m5"))
    assert unknown.code == "BOARD_UNKNOWN"
    assert "virtual-m4" in unknown.hint


def test_a_file_that_is_no_board_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "big.toml").write_bytes(b"#" * 70_000)
    assert "too large" in refused(tmp_path / "big.toml").message
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    assert refused(tmp_path / "bytes.toml").code == "BOARD_FILE"


def test_what_a_real_board_says_of_its_pins(tmp_path: Path) -> None:
    uart = load_board("nucleo-l4r5zi").uart
    assert uart.tx is not None and uart.rx is not None
    assert (uart.tx.name, uart.tx.port, uart.tx.number) == ("PG7", 6, 7)
    assert (uart.irq, uart.pin_function, uart.energy_baud) == (70, 8, 9_600)
    nordic = load_board("nrf52840dk").uart.rx
    assert nordic is not None
    assert (nordic.port, nordic.number) == (0, 8)


def test_files_from_before_need_none_of_the_new_keys() -> None:
    board = load_board("virtual-m4")
    assert (board.reset, board.usb, board.oscillator_hz, board.has_low_speed_crystal) == (
        "plain",
        (),
        0,
        False,
    )
    assert board.marker.is_active_high
    assert board.uart.tx is None
