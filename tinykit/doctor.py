"""What this machine can do, what for, and how to get what is missing.

Each check ends in one of four states: ``ok`` (it ran, or it is there where there is nothing to run);
``installed`` (it is there and was not tried, because that takes long); ``missing`` (not installed, or not
there: nothing is wrong); ``problem`` (it is there and does not work, which nobody finds out until it is
needed).
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tinykit import __version__
from tinykit.errors import ConfigError
from tinykit.progress import SILENT, Progress

if TYPE_CHECKING:
    from tinykit.config import Config

State = Literal["ok", "installed", "missing", "problem"]

PROBE_TIMEOUT_S = 10.0
# Children wait for disks more than for processors.
_PROBES_AT_ONCE = 8
# A compiled model, zig's cache of compiler-rt and a session's raw trace together stay below this.
NEEDED_CACHE_BYTES = 1 << 30


@dataclass(frozen=True)
class Check:
    """One finding: ``found`` is a version or what is wrong, ``remedy`` how to get it, or ""."""

    group: str
    name: str
    state: State
    found: str
    purpose: str
    remedy: str


@dataclass(frozen=True)
class Diagnosis:
    """All findings, in the order of the work."""

    checks: tuple[Check, ...]

    @property
    def problems(self) -> tuple[Check, ...]:
        """The findings that are there and do not work."""
        return tuple(check for check in self.checks if check.state == "problem")

    def to_dict(self) -> dict[str, object]:
        """Return the document ``tinykit.doctor``, version 1."""
        return {
            "schema": "tinykit.doctor",
            "schema_version": 1,
            "tinykit": __version__,
            "checks": [asdict(check) for check in self.checks],
        }


@dataclass(frozen=True)
class _Package:
    group: str
    distribution: str
    extra: str
    purpose: str
    # Words behind `python`; () where trying takes seconds.
    trial: tuple[str, ...]


@dataclass(frozen=True)
class _Tool:
    group: str
    program: str
    package: str
    purpose: str


def _importing(module: str) -> tuple[str, ...]:
    return ("-c", f"import {module}")


_PACKAGES = (
    _Package("convert", "tensorflow", "convert", "convert a Keras model to int8", ()),
    _Package("convert", "keras", "convert", "load .keras and .h5 models", ()),
    _Package("convert", "pillow", "convert", "calibrate and evaluate with images", _importing("PIL.Image")),
    _Package(
        "build", "ziglang", "build", "compile firmware; works with no root", ("-m", "ziglang", "version")
    ),
    _Package("emulate", "unicorn", "emulator", "run firmware on the emulated board", _importing("unicorn")),
    _Package("meters", "pyjls", "joulescope", "read and write .jls recordings", _importing("pyjls")),
    _Package("compare", "ecologits", "cloud", "estimate what a hosted model costs", _importing("ecologits")),
    _Package("report", "matplotlib", "report", "draw plots", _importing("matplotlib")),
    _Package("report", "pyarrow", "parquet", "write sweeps as Parquet", _importing("pyarrow")),
    _Package(
        "report", "distributed", "dask", "spread sweeps over several machines", _importing("distributed")
    ),
)

_TOOLS = (
    _Tool("build", "arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi", "second cross compiler"),
    _Tool("build", "clang", "clang", "check the C code with sanitizers"),
    _Tool("emulate", "qemu-system-arm", "qemu-system-arm", "second emulator"),
)


def examine(config_path: Path | None = None, *, progress: Progress = SILENT) -> Diagnosis:
    """Look at everything that tinykit can use here. Never raises for what it finds.

    ``config_path`` is the settings file, as for `tinykit.config.load_config`.
    """
    config, config_check = _config(config_path)
    checks: list[Check] = []
    with ThreadPoolExecutor(_PROBES_AT_ONCE) as pool:
        # The children run while the other steps look around here.
        packages, tools = pool.map(_package, _PACKAGES), pool.map(_tool, _TOOLS)
        steps: tuple[Callable[[], Iterator[Check]], ...] = (
            _machine,
            lambda: iter((config_check,)),
            _runtimes,
            lambda: packages,
            lambda: tools,
            lambda: _ports(config),
        )
        progress.start("Looking at this machine", len(steps))
        for step in steps:
            checks.extend(step())
            progress.advance()
    progress.finish(f"{len(checks)} checks")
    order = list(dict.fromkeys(("machine", "runtime", *(entry.group for entry in _PACKAGES))))
    checks.sort(key=lambda check: order.index(check.group) if check.group in order else len(order))
    return Diagnosis(tuple(checks))


def _machine() -> Iterator[Check]:
    version = f"{platform.python_version()} at {sys.executable}"
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield _check(
        "machine",
        "python",
        "ok" if supported else "problem",
        version,
        "everything",
        "tinykit is tested on Python 3.11 to 3.13: make the environment with one of them.",
    )
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield _check("machine", "processors", "ok", str(processors), "evaluation runs on all of them")
    yield _cache()


def _cache() -> Check:
    import platformdirs

    folder = platformdirs.user_cache_path("tinykit")
    there = next(place for place in (folder, *folder.parents) if place.exists())
    purpose = "compiled parts and emulator hooks"
    remedy = "Free some space, or name another folder in XDG_CACHE_HOME."
    if not os.access(there, os.W_OK | os.X_OK):
        return _check("machine", "cache", "problem", f"{there} is not writable", purpose, remedy)
    free_bytes = shutil.disk_usage(there).free
    state: State = "ok" if free_bytes >= NEEDED_CACHE_BYTES else "problem"
    return _check("machine", "cache", state, f"{free_bytes / 1e9:.1f} GB free in {folder}", purpose, remedy)


def _config(path: Path | None) -> tuple[Config, Check]:
    from tinykit.config import FILE_NAME, Config, load_config

    purpose = "names the bench's ports, boards and meters"
    try:
        config = load_config(path)
    except ConfigError as error:
        return Config(), _check("machine", FILE_NAME, "problem", error.message, purpose, error.hint)
    if config.path is None:
        remedy = "not needed until there is a bench"
        return config, _check("machine", FILE_NAME, "missing", "no file found", purpose, remedy)
    found = f"{config.path}: {len(config.targets)} targets, {len(config.meters)} meters"
    return config, _check("machine", FILE_NAME, "ok", found, purpose)


def _runtimes() -> Iterator[Check]:
    from tinykit.runtime import probe_runtimes

    for probe in probe_runtimes():
        purpose = "run int8 models; the reference for every check" if probe.is_oracle else "run int8 models"
        state: State = "ok" if probe.works else "problem" if probe.version else "missing"
        found = " ".join(part for part in (probe.version, probe.problem) if part)
        yield _check("runtime", probe.name, state, found, purpose, _pip(probe.extra))


def _package(entry: _Package) -> Check:
    try:
        version = importlib.metadata.version(entry.distribution)
    except importlib.metadata.PackageNotFoundError:
        return _check(
            entry.group, entry.distribution, "missing", "not installed", entry.purpose, _pip(entry.extra)
        )
    if not entry.trial:
        found = f"{version}, not tried: that takes seconds"
        return _check(entry.group, entry.distribution, "installed", found, entry.purpose)
    try:
        # -P: a file in the working folder that is called like a package is not the package.
        _run((sys.executable, "-P", *entry.trial))
    except (OSError, subprocess.SubprocessError) as error:
        remedy = f"pip install --force-reinstall {entry.distribution}"
        found = f"{version}: {_reason(error)}"
        return _check(entry.group, entry.distribution, "problem", found, entry.purpose, remedy)
    return _check(entry.group, entry.distribution, "ok", version, entry.purpose)


def _tool(entry: _Tool) -> Check:
    remedy = f"apt install {entry.package}"
    path = shutil.which(entry.program)
    if path is None:
        return _check(entry.group, entry.program, "missing", "not installed", entry.purpose, remedy)
    try:
        version = _run((path, "--version")).partition("\n")[0].strip()
    except (OSError, subprocess.SubprocessError) as error:
        found = f"{path}: {_reason(error)}"
        return _check(entry.group, entry.program, "problem", found, entry.purpose, remedy)
    return _check(entry.group, entry.program, "ok", version, entry.purpose)


def _run(words: tuple[str, ...]) -> str:
    """What a child prints. Raises OSError, CalledProcessError or TimeoutExpired."""
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PROBE_TIMEOUT_S,
        check=True,
    )
    return done.stdout


def _reason(error: OSError | subprocess.SubprocessError) -> str:
    """In a line: what the child said last, or how it ended."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it did not end within {error.timeout:g} s"
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or "").strip().rpartition("\n")[2]
        return said[:200] or (
            f"signal {-error.returncode}" if error.returncode < 0 else f"exit {error.returncode}"
        )
    return str(error)


def _ports(config: Config) -> Iterator[Check]:
    from serial.tools import list_ports

    ports = [target.port for target in config.targets.values()]
    ports += [meter.port for meter in config.meters.values()]
    named = {port for port in ports if port is not None}
    present = {port.device: port for port in list_ports.comports()}
    for device in sorted(present):
        port = present[device]
        # A PC's own ttyS0 is closed to most users and nobody minds; a USB adapter or a named port is meant.
        yield _port(
            device,
            "" if port.description == "n/a" else port.description or "",
            wanted=port.vid is not None or device in named,
        )
    for device in sorted(named - present.keys()):
        if "://" not in device:
            yield _named_port(device)
    if not present:
        remedy = "Plug in a board or a meter; the emulated ones need no port."
        yield _check("ports", "serial port", "missing", "none", "boards and meters", remedy)


def _named_port(device: str) -> Check:
    # Not every port is in the system's list: a pty, a udev name such as /dev/bench/board.
    if Path(device).exists():
        return _port(device, "", wanted=True)
    remedy = "Plug it in, or correct tinykit.toml."
    return _check("ports", device, "problem", "named in tinykit.toml, not there", "boards and meters", remedy)


def _port(device: str, description: str, *, wanted: bool) -> Check:
    if sys.platform == "win32" or os.access(device, os.R_OK | os.W_OK):
        return _check("ports", device, "ok", description or "can be opened", "boards and meters")
    group = _group_of(device)
    remedy = f"sudo usermod -aG {group} $USER, then log in again." if group else "Ask for access to it."
    state: State = "problem" if wanted else "missing"
    return _check(
        "ports",
        device,
        state,
        f"no permission to open it; {description}".rstrip("; "),
        "boards and meters",
        remedy,
    )


def _group_of(device: str) -> str:
    try:
        return Path(device).group()
    except (OSError, KeyError, NotImplementedError):
        return ""


def _pip(extra: str) -> str:
    return f"pip install 'tinykit[{extra}]'"


def _check(group: str, name: str, state: State, found: str, purpose: str, remedy: str = "") -> Check:
    return Check(group, name, state, found, purpose, "" if state in ("ok", "installed") else remedy)
