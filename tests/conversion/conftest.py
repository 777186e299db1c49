"""Models and data of the converter's tests, made once a session."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

Save = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def logs_go_with_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Kept logs of failed conversions, and the work folders, lie in pytest's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("scratch")))
        yield


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of float models, see zoo.py."""
    folder = tmp_path_factory.mktemp("zoo")
    script = Path(__file__).with_name("zoo.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def images(seed: int, n: int) -> dict[str, np.ndarray]:
    """What the model ``cnn`` was trained on (see zoo.py), other samples."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    x = rng.normal(0.5, 0.15, (n, 8, 8, 1))
    x[y == 0, :, :4] += 0.25
    x[y == 1, :, 4:] += 0.25
    return {"x": x.astype(np.float32), "y": y}


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``calibration.npz`` and ``eval.npz`` for the model ``cnn``, and ``normal(shape)`` files for others."""
    folder = tmp_path_factory.mktemp("data")
    np.savez(folder / "calibration.npz", **images(11, 120))
    np.savez(folder / "eval.npz", **images(12, 400))
    rng = np.random.default_rng(13)
    for shape in ((4,), (8,), (6, 4), (5, 4), (8, 8, 2)):
        name = "x".join(map(str, shape))
        np.savez(folder / f"normal_{name}.npz", x=rng.normal(size=(120, *shape)).astype(np.float32))
    return folder
