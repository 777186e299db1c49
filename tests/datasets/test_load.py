"""Finding the loader and fitting samples to a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.datasets import Dataset, check_labels, load_dataset, loaders
from tinykit.errors import DatasetError


class Listener:
    """A Progress that remembers the warnings."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, str]] = []

    def start(self, stage: str, total: int | None = None) -> None: ...
    def advance(self, steps: int = 1) -> None: ...
    def finish(self, note: str = "") -> None: ...
    def warn(self, code: str, message: str, hint: str = "") -> None:
        self.warnings.append((code, message))


def npz(tmp_path: Path, *shape: int) -> Path:
    np.savez(tmp_path / "d.npz", x=np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
    return tmp_path / "d.npz"


def test_the_room_is_scanned_for_formats() -> None:
    assert [loader.name for loader in loaders()] == ["csv", "images", "numpy"]


def test_another_package_can_bring_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "more_formats-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: more-formats\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[tinykit.dataset_loaders]\nraw = more_formats:LOADER\n")
    (tmp_path / "more_formats.py").write_text(
        "import numpy as np\n"
        "from tinykit.datasets import Loaded, Loader\n"
        "def load(path, options):\n"
        "    return Loaded(np.fromfile(path, 'u1').reshape(-1, 2), None, 'hash')\n"
        "LOADER = Loader('raw', '.raw bytes', lambda path: path.suffix == '.raw', load)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "d.raw").write_bytes(bytes([1, 2, 3, 4]))
    assert load_dataset(tmp_path / "d.raw").x.tolist() == [[1, 2], [3, 4]]


def test_a_channel_axis_is_added_and_said(tmp_path: Path) -> None:
    listener = Listener()
    data = load_dataset(npz(tmp_path, 5, 28, 28), input_shape=(28, 28, 1), progress=listener)
    assert data.x.shape == (5, 28, 28, 1)
    assert "(28, 28)" in data.notes[0]
    assert listener.warnings == [("DATASET_NOTE", data.notes[0])]
    assert load_dataset(npz(tmp_path, 5, 1, 28, 28), input_shape=(28, 28, 1)).x.shape == (5, 28, 28, 1)
    assert not load_dataset(npz(tmp_path, 5, 28, 28, 1), input_shape=(28, 28, 1)).notes


def test_an_open_dimension_takes_any_length(tmp_path: Path) -> None:
    assert load_dataset(npz(tmp_path, 5, 9, 7, 3), input_shape=(None, None, 3)).x.shape == (5, 9, 7, 3)


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((5, 784), "reshape"),
        ((28, 28, 1), "batch axis"),
        ((5, 3, 28, 28), "as they were prepared"),
        ((5, 14, 56), "reshape"),
    ],
)
def test_another_shape_is_refused_naming_both(tmp_path: Path, shape: tuple[int, ...], hint: str) -> None:
    with pytest.raises(DatasetError, match=r"the model takes \(28, 28, 1\)") as caught:
        load_dataset(npz(tmp_path, *shape), input_shape=(28, 28, 1))
    assert caught.value.code == "SHAPE"
    assert hint in caught.value.hint


def test_channels_first_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(npz(tmp_path, 5, 3, 32, 32), input_shape=(32, 32, 3))
    assert "moveaxis" in caught.value.hint


def test_missing_unknown_and_unreadable_paths(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "no.npz", "NOT_FOUND"), (tmp_path / "d.pkl", "FORMAT")):
        if code == "FORMAT":
            path.write_bytes(b"\x80\x04.")
        with pytest.raises(DatasetError) as caught:
            load_dataset(path)
        assert caught.value.code == code


def test_values_beyond_float32_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.array([[1e300, 0.0]]))
    with pytest.raises(DatasetError, match="beyond float32"):
        load_dataset(tmp_path / "d.npz")


def test_integers_become_exactly_their_real_values_or_are_refused() -> None:
    whole = Dataset(np.array([[2**24, -3]]), None, "d", "")
    np.testing.assert_array_equal(whole.real_x(), [[16777216.0, -3.0]])
    assert whole.real_x().dtype == np.float32
    with pytest.raises(DatasetError, match="exactly"):
        Dataset(np.array([[2**24 + 1]]), None, "d", "").real_x()


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 2, 1], np.uint8),
        np.array([0.0, 2.0, 1.0]),
        np.array([[0], [2], [1]]),
        np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]], np.float32),
    ],
)
def test_labels_come_in_several_forms(y: np.ndarray) -> None:
    labels = check_labels(Dataset(np.zeros((3, 1)), y, "d", ""), 3)
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("y", "code"),
    [
        (None, "NO_LABELS"),
        (np.array([0, 1, 3]), "LABEL_RANGE"),
        (np.array([0, -1, 1]), "LABEL_RANGE"),
        (np.array([0, 0.5, 1]), "LABEL_VALUE"),
        (np.array([0, np.nan, 1]), "LABEL_VALUE"),
        (np.array([[0.2, 0.5, 0.3]] * 3), "LABEL_SHAPE"),
        (np.array([[1, 1, 0]] * 3), "LABEL_SHAPE"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y: np.ndarray | None, code: str) -> None:
    with pytest.raises(DatasetError) as caught:
        check_labels(Dataset(np.zeros((3, 1)), y, "d", ""), 3)
    assert caught.value.code == code
