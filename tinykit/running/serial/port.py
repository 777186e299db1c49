"""Opening a serial port: lines set first, locked for us alone, and every failure named."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any

from tinykit.errors import DeviceError
from tinykit.running.serial.link import Link
from tinykit.running.serial.reset import ResetPlan

# How long a port without a descriptor waits in one read; deadlines are held to this.
_TICK_S = 0.02
# A command has 81 bytes at most, a window of frames 4 kB: 4.5 s at 9600 baud.
_WRITE_LIMIT_S = 10.0
HANDLERS = "tinykit.bench.serial_handlers"


def open_link(name: str, baud: int, plan: ResetPlan) -> Link:
    """Open ``name``: anything that pyserial's ``serial_for_url`` takes, and ``tinykit://BOARD?elf=PATH``.

    DTR and RTS are set before the port opens, then ``plan`` goes on. The port is locked for this process.

    Raises DeviceError: PORT_MISSING, PORT_PERMISSION (names the group), PORT_BUSY, PORT_UNREACHABLE,
    PORT_REFUSED (a speed or a name that it does not take).
    """
    import serial

    _know_our_urls(serial)
    try:
        port = serial.serial_for_url(name, do_not_open=True)
        port.baudrate = baud
        port.write_timeout = _WRITE_LIMIT_S
        port.timeout = _TICK_S
        if not name.startswith(("rfc2217:", "tinykit:")) and os.name == "posix":
            port.exclusive = True
        port.dtr, port.rts = plan.dtr, plan.rts
        port.open()
    except (OSError, ValueError) as error:
        raise _named(name, baud, error) from error
    link = Link(port, name, baud)
    if link.has_descriptor:
        # Reads never wait: the link waits itself, and changing a timeout later reconfigures the port.
        port.timeout = 0
    _send_at_once(port)
    plan.apply(port)
    return link


def _know_our_urls(serial: Any) -> None:
    if HANDLERS not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(HANDLERS)


def _send_at_once(port: Any) -> None:
    """A socket that gathers small packets waits 40 ms for each."""
    held = getattr(port, "_socket", None)
    if isinstance(held, socket.socket):
        held.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _named(name: str, baud: int, error: Exception) -> DeviceError:
    """The failure in the user's words; pyserial hides the number in some of its own."""
    number = getattr(error, "errno", None)
    text = " ".join(str(error).split())
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in text:
        return DeviceError(
            f"{name} is busy: another program has it open.",
            hint="close the other terminal, runner or tinykit; on Linux, fuser PORT names it.",
            code="PORT_BUSY",
        )
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        return _forbidden(name)
    if "://" in name and (isinstance(error, ValueError) or "NoneType" in text):
        return DeviceError(
            f"{name} names no port.",
            hint="write socket://HOST:PORT, rfc2217://HOST:PORT, or tinykit://BOARD?elf=PATH.",
            code="PORT_MISSING",
        )
    if "://" in name and isinstance(error, OSError):
        return DeviceError(
            f"{name} cannot be reached: {text[-160:]}.",
            hint="check that the program at the other end listens there, and listens to one only.",
            code="PORT_UNREACHABLE",
        )
    if number in (errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ENODEV) or "FileNotFoundError" in text:
        return DeviceError(
            f"There is no port {name}.",
            hint=f"plug it in; {_ports_here()}.",
            code="PORT_MISSING",
        )
    return DeviceError(
        f"{name} cannot be opened at {baud} baud: {text[:200]}.",
        hint="check that it is a serial port, and that it knows this speed.",
        code="PORT_REFUSED",
    )


def _forbidden(name: str) -> DeviceError:
    group = ""
    try:
        import grp

        number = Path(name).stat().st_gid
        group = str(number)
        group = grp.getgrgid(number).gr_name
    except (ImportError, OSError, KeyError):  # no groups on Windows; a number without a name stays one
        pass
    who = f"only root and the group '{group}' may" if group else "this user may not"
    return DeviceError(
        f"{name} may not be opened: {who}.",
        hint=f"sudo usermod -aG {group} $USER, then log in again."
        if group
        else "run it as a user who may open serial ports.",
        code="PORT_PERMISSION",
    )


def _ports_here() -> str:
    from serial.tools import list_ports

    names = [found.device for found in list_ports.comports()]
    return f"here are {', '.join(names)}" if names else "no serial port is here at all"
