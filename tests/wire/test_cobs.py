"""COBS against the paper's examples and against itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykit.errors import InputError
from tinykit.wire import cobs

LONG = bytes(range(1, 255))


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        (b"", b"\x01"),
        (b"\0", b"\x01\x01"),
        (b"\x11\x22\x00\x33", b"\x03\x11\x22\x02\x33"),
        (b"\x11\x00\x00\x00", b"\x02\x11\x01\x01\x01"),
        (b"\0" + LONG, b"\x01\xff" + LONG + b"\x01"),
        (LONG + b"\xff", b"\xff" + LONG + b"\x02\xff"),
    ],
)
def test_known_encodings(plain: bytes, stuffed: bytes) -> None:
    assert cobs.encode(plain) == stuffed
    assert cobs.decode(stuffed) == plain


def test_the_short_form_that_other_encoders_give_is_read() -> None:
    assert cobs.decode(b"\xff" + LONG) == LONG


@given(st.one_of(st.binary(max_size=1200), st.lists(st.sampled_from([0, 1, 255]), max_size=700).map(bytes)))
def test_there_and_back(data: bytes) -> None:
    stuffed = cobs.encode(data)
    assert 0 not in stuffed
    assert len(stuffed) <= len(data) + len(data) // 254 + 1
    assert cobs.decode(stuffed) == data


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        cobs.decode(data)
    except InputError as error:
        assert error.code == "COBS"


@pytest.mark.parametrize("broken", [b"\x00", b"\x03\x11", b"\x03\x00\x11", b"\x02\x11\x00"])
def test_what_is_no_encoding_is_refused(broken: bytes) -> None:
    with pytest.raises(InputError) as caught:
        cobs.decode(broken)
    assert caught.value.code == "COBS"
