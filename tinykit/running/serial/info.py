"""What a board says it is: our extension's answer, or a strict firmware's name and model."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from tinykit.running.result import TensorSpec
from tinykit.running.serial.exchange import Exchange, Reply
from tinykit.wire import Line

EXTENSION_VERSION = 1


@dataclass(frozen=True)
class BoardInfo:
    """The answer to ``tk info``. Rates in Hz; ``debugger`` is 1, 0, or -1 where the board cannot know."""

    model_sha256: str
    firmware_sha256: str
    board: str
    build: str
    clock_hz: int
    timer_hz: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    layers: int
    payload_bytes: int
    window_frames: int
    debugger: int


def identify(exchange: Exchange) -> BoardInfo | None:
    """What the board says, asked twice since it carries no checksum; None for a foreign firmware.

    Raises LineError; DeviceError's code EXTENSION_VERSION for an extension of another version.
    """
    first = exchange.knows(lambda: _ask(exchange), "tk")
    if first is None:
        return None
    if first != _ask(exchange):
        raise exchange.damaged("the board describes itself differently each time")
    return first


def model_id(exchange: Exchange) -> str:
    """A strict firmware's model id, such as "kws01"; asked twice."""
    ids = {exchange.one(exchange.ask("profile"), "model").fields for _ in range(2)}
    if len(ids) != 1:
        raise exchange.damaged("the board names another model each time")
    return " ".join(ids.pop())


def _ask(exchange: Exchange) -> BoardInfo:
    reply = exchange.ask("tk info", reply_bytes=4096)

    def field(name: str, i: int = 0) -> str:
        return exchange.one(reply, name).fields[i]

    version = int(field("tk-version"))
    if version != EXTENSION_VERSION:
        raise exchange.link.error(
            f"the board speaks version {version} of the extension, and tinykit version {EXTENSION_VERSION}",
            hint="build and flash its firmware again with this tinykit.",
            code="EXTENSION_VERSION",
            retryable=False,
        )
    try:
        return BoardInfo(
            model_sha256=field("tk-model"),
            firmware_sha256=field("tk-firmware"),
            board=field("tk-board"),
            build=field("tk-build"),
            clock_hz=int(field("tk-clock")),
            timer_hz=int(field("tk-timer")),
            inputs=_tensors(reply, "tk-input"),
            outputs=_tensors(reply, "tk-output"),
            layers=int(field("tk-layers")),
            payload_bytes=int(field("tk-upload")),
            window_frames=int(field("tk-upload", 1)),
            debugger=int(field("tk-debugger")),
        )
    except (ValueError, IndexError, TypeError, OverflowError, struct.error) as error:
        raise exchange.damaged(f"the board's description does not read: {error}") from error


def _tensors(reply: Reply, name: str) -> tuple[TensorSpec, ...]:
    found = reply.all(name)
    specs = tuple(_tensor(line) for line in found)
    if not specs or [int(line.fields[0]) for line in found] != list(range(len(found))):
        raise ValueError(f"{name} is not numbered from 0")
    return specs


def _tensor(line: Line) -> TensorSpec:
    _, dtype, size, scale, zero_point, shape = line.fields
    (real_scale,) = struct.unpack("<f", int(scale, 16).to_bytes(4, "little"))
    spec = TensorSpec(
        tuple(int(n) for n in shape.split("x")) if shape else (),
        np.dtype(dtype),
        float(real_scale),
        int(zero_point),
    )
    if spec.size_bytes != int(size):
        raise ValueError(f"{spec.size_bytes} bytes by shape, {size} by count")
    return spec
