"""Fixtures and rules that every test shares."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
EVERYTHING_REQUIRED = os.environ.get("TINYKIT_REQUIRE_ALL") == "1"
LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(scope="session", autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder of the run's own: no test reads the user's settings or writes the user's caches."""
    home = tmp_path_factory.mktemp("home")
    tempfile.gettempdir()  # it looks once: not while a test has TMPDIR point into its own folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in ("CACHE", "CONFIG", "DATA", "STATE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        for name in ("COLUMNS", "LINES"):  # a shell that exports them, and pytest-xdist
            patch.delenv(name, raising=False)
        yield home


@pytest.fixture(scope="session", autouse=True)
def heeded_signals() -> Iterator[None]:
    """Programs that tests start heed Ctrl-C and hang-up, even if this run was started in the background.

    A shell's ``&`` and nohup ignore them, and what is ignored stays so in every descendant.
    """
    names = [name for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]
    ignored = [
        number for name in names if signal.getsignal(number := getattr(signal, name)) == signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.default_int_handler)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that reaches for another machine fails at once, instead of passing where there is a network."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        internet = self.family in (socket.AF_INET, socket.AF_INET6)
        if internet and not str(address[0]).startswith(LOOPBACK):
            raise PermissionError(f"a test tried to connect to {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def _absent(what: str) -> None:
    if EVERYTHING_REQUIRED:
        pytest.fail(f"{what} is absent, and TINYKIT_REQUIRE_ALL is set", pytrace=False)
    pytest.skip(f"{what} is absent")


@pytest.fixture(scope="session")
def require() -> Callable[[str], Path]:
    """``require("qemu-system-arm")`` gives a program's path; else a skip by name (``--all``: a failure)."""

    def find(tool: str) -> Path:
        path = shutil.which(tool)
        if path is None:
            _absent(tool)
        assert path is not None
        return Path(path)

    return find


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return CHECKOUT


@dataclass(frozen=True)
class ReferenceModel:
    """The files of one folder of ``firmware_models/models``."""

    folder: Path

    @property
    def keras(self) -> Path:
        return self.folder / f"{self.folder.name}.keras"

    @property
    def tflite(self) -> Path:
        return self.folder / f"{self.folder.name}.tflite"

    @property
    def calibration(self) -> Path:
        return self.folder / "calibration.npz"

    @property
    def eval(self) -> Path:
        return self.folder / "eval.npz"


@pytest.fixture(scope="session")
def digits() -> ReferenceModel:
    """The digits model: ``.keras``, ``.tflite``, ``.calibration``, ``.eval``."""
    return ReferenceModel(CHECKOUT / "firmware_models" / "models" / "digits")


@pytest.fixture(scope="session")
def reference_models() -> Path:
    """The folder with MLPerf Tiny's own models, which are not ours to ship (TINYKIT_REFERENCE_MODELS)."""
    folder = os.environ.get("TINYKIT_REFERENCE_MODELS")
    if not folder:
        pytest.skip("TINYKIT_REFERENCE_MODELS is not set")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"TINYKIT_REFERENCE_MODELS names {path}, which is no folder", pytrace=False)
    return path


@pytest.fixture(scope="session")
def wakeword_models() -> tuple[Path, ...]:
    """The four streaming int8 models that pymicro-wakeword ships, sorted by name."""
    package = importlib.util.find_spec("pymicro_wakeword")
    if package is None or package.origin is None:
        _absent("pymicro-wakeword")
    assert package is not None and package.origin is not None
    models = tuple(sorted(Path(package.origin).parent.rglob("*.tflite")))
    assert len(models) == 4, models
    return models
