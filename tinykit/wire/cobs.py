"""Consistent Overhead Byte Stuffing: bytes without zeros, so that a zero can end a frame.

After Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2), 1999.
"""

from __future__ import annotations

from tinykit.errors import InputError

_LONGEST = 254


def encode(data: bytes) -> bytes:
    """``data`` without zeros, at most 1 byte in 254 (and one) longer; the zero that ends it is not added."""
    out = bytearray()
    for piece in data.split(b"\0"):
        whole = len(piece) - len(piece) % _LONGEST
        for at in range(0, whole, _LONGEST):
            out += bytes([_LONGEST + 1]) + piece[at : at + _LONGEST]
        out += bytes([len(piece) - whole + 1]) + piece[whole:]
    return bytes(out)


def decode(data: bytes) -> bytes:
    """What `encode` was given. Raises InputError, code COBS, where ``data`` is no encoding."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        piece = data[at + 1 : at + code]
        if code == 0 or len(piece) != code - 1 or 0 in piece:
            raise InputError(
                f"Byte {at} of a frame does not fit its encoding.", hint="send the frame again.", code="COBS"
            )
        out += piece
        at += code
        if code <= _LONGEST and at < len(data):
            out.append(0)
    return bytes(out)
