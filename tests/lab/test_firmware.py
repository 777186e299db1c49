"""Which hashes an image can announce, and what a file that is none gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinykit.errors import InputError
from tinykit.lab.firmware import announced_hashes, firmware_matches

ONE, TWO = "ab" * 32, "0123456789abcdef" * 4


def test_whole_hashes_are_found_and_nothing_else(tmp_path: Path) -> None:
    elf = tmp_path / "firmware.elf"
    longer = b"c" * 65
    elf.write_bytes(
        b"\x7fELF\0" + ONE.encode() + b"\0" + TWO.encode() + b"\0\0" + longer + b"\0" + b"d" * 63 + b"\0"
    )
    hashes = announced_hashes(elf)
    assert hashes == {ONE, TWO}
    assert firmware_matches(ONE, hashes) is True
    assert firmware_matches("ef" * 32, hashes) is False
    assert firmware_matches("", hashes) is None
    assert firmware_matches(ONE, frozenset()) is None


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"MZ" + ONE.encode(), b"\x7fELF\0" + b"d" * 63 + b"\0"])
def test_what_is_no_image_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.elf").write_bytes(content)
    with pytest.raises(InputError) as caught:
        announced_hashes(tmp_path / "x.elf")
    assert caught.value.code == "FIRMWARE_FILE"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        announced_hashes(tmp_path / "no.elf")
