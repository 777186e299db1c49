"""`.npz` and `.npy`: what is good loads, what is hostile is refused before it costs memory."""

from __future__ import annotations

import hashlib
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykit.datasets import load_dataset
from tinykit.errors import DatasetError


def save(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def npy_header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def refusal(path: Path, **options: object) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        load_dataset(path, **options)  # type: ignore[arg-type]
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


def test_npz_gives_x_y_and_the_hash_of_the_file(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(7, 3, 2))
    path = save(tmp_path / "d.npz", x=x, y=np.arange(7))
    data = load_dataset(path, input_shape=(3, 2))
    assert data.x.dtype == np.float32
    np.testing.assert_array_equal(data.x, x.astype(np.float32))
    np.testing.assert_array_equal(data.y, np.arange(7))
    assert data.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(data) == 7


@pytest.mark.parametrize("dtype", ["f2", ">f8", "<f4", "i1", "u1", ">i4", "?"])
def test_every_plain_dtype_loads_with_its_values(tmp_path: Path, dtype: str) -> None:
    x = np.array([[0, 1], [1, 0]], dtype=dtype)
    data = load_dataset(save(tmp_path / "d.npz", x=x))
    np.testing.assert_array_equal(data.x, x.astype(np.float64))
    assert data.x.dtype.isnative


def test_compressed_and_fortran_ordered_arrays_load(tmp_path: Path) -> None:
    x = np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    np.savez_compressed(tmp_path / "d.npz", x=x)
    np.testing.assert_array_equal(load_dataset(tmp_path / "d.npz").x, x)
    np.save(tmp_path / "d.npy", x)
    np.testing.assert_array_equal(load_dataset(tmp_path / "d.npy").x, x)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 255), st.booleans())
def test_a_flipped_or_cut_file_loads_or_is_refused_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int, cut: bool
) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.arange(40.0).reshape(10, 4), y=np.arange(10))
    damaged = bytearray(buffer.getvalue())
    place %= len(damaged)
    damaged[place] = value
    path = tmp_path_factory.mktemp("fuzz") / "d.npz"
    path.write_bytes(damaged[:place] if cut else damaged)
    try:
        load_dataset(path)
    except DatasetError as error:
        assert error.hint


def test_object_arrays_are_refused_and_the_hint_says_how_to_save(tmp_path: Path) -> None:
    ragged = np.empty(2, dtype=object)
    ragged[:] = [np.zeros(2), np.zeros(3)]
    for path in (save(tmp_path / "d.npz", x=ragged), tmp_path / "d.npy"):
        if path.suffix == ".npy":
            np.save(path, ragged, allow_pickle=True)
        error = refusal(path)
        assert error.code == "OBJECT_ARRAY"
        assert "np.savez" in error.hint


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    witness = tmp_path / "ran"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (witness,)

    bombs = np.empty(1, dtype=object)
    bombs[0] = Bomb()
    refusal(save(tmp_path / "d.npz", x=bombs))
    refusal(save(tmp_path / "e.npz", x=np.zeros((1, 2)), y=bombs))
    assert not witness.exists()


@pytest.mark.parametrize("array", [np.array(["a", "b"]), np.zeros(2, complex), np.zeros(2, [("a", "f4")])])
def test_text_complex_and_records_are_refused(tmp_path: Path, array: np.ndarray) -> None:
    assert refusal(save(tmp_path / "d.npz", x=array)).code == "DTYPE"


def test_a_header_that_claims_terabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.npy"
    path.write_bytes(npy_header("(1000000, 1000000)") + b"\0" * 64)
    assert refusal(path).code == "TOO_LARGE"
    path.write_bytes(npy_header("(100000, 1000)") + b"\0" * 64)
    assert refusal(path).code == "DAMAGED"
    path.write_bytes(npy_header("(-4, 1)") + b"\0" * 64)
    assert refusal(path).code == "DAMAGED"


def header_bomb(claimed_bytes: int, total_bytes: int) -> bytes:
    start = b"\x93NUMPY\x02\x00" + struct.pack("<I", claimed_bytes)
    return start + b" " * (total_bytes - len(start))


def test_a_header_bomb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    bare, member = tmp_path / "d.npy", tmp_path / "d.npz"
    with bare.open("wb") as file:
        file.write(header_bomb(0xFFFFFFF0, 64))
        file.truncate(5 << 30)
    with zipfile.ZipFile(member, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header_bomb(50_000_000, 60_000_000))
    for path in (bare, member):
        tracemalloc.start()
        try:
            error = refusal(path)
            peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert error.code == "DAMAGED"
        assert "header" in error.message
        assert peak_bytes < 4_000_000


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_format_loads_and_is_refused_where_it_is_cut(
    tmp_path: Path, version: tuple[int, int]
) -> None:
    x = np.arange(12.0).reshape(4, 3)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, x, version=version)
    path = tmp_path / "d.npy"
    path.write_bytes(buffer.getvalue())
    np.testing.assert_array_equal(load_dataset(path).x, x)
    for length in (6, 8, 9, 11, 40, 127):
        path.write_bytes(buffer.getvalue()[:length])
        assert refusal(path).code == "DAMAGED"


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy_header("(20000000,)") + b"\0" * 80_000_000)
    assert path.stat().st_size < 200_000
    assert refusal(path, max_bytes=10_000_000).code == "TOO_LARGE"


def test_a_zip_whose_directory_lies_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "d.npz", x=np.zeros((4, 4), np.float32))
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 100)
    path.write_bytes(data)
    assert refusal(path).code == "DAMAGED"


def test_truncated_and_empty_files_are_refused(tmp_path: Path) -> None:
    whole = save(tmp_path / "d.npz", x=np.zeros((40, 4))).read_bytes()
    path = tmp_path / "cut.npz"
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert refusal(path).code == "DAMAGED"
    path = tmp_path / "cut.npy"
    path.write_bytes(npy_header("(4, 4)") + b"\0" * 63)
    assert refusal(path).code == "DAMAGED"
    path.write_bytes(b"")
    assert refusal(path).code == "DAMAGED"


def test_a_missing_x_names_what_is_there(tmp_path: Path) -> None:
    error = refusal(save(tmp_path / "d.npz", x_train=np.zeros(3), y_train=np.zeros(3)))
    assert error.code == "NO_X"
    assert "'x_train'" in error.message


def test_a_number_of_labels_that_differs_is_refused(tmp_path: Path) -> None:
    error = refusal(save(tmp_path / "d.npz", x=np.zeros((3, 1)), y=np.zeros(4)))
    assert "3 samples" in error.message
    assert "4 labels" in error.message
    assert "y" in refusal(save(tmp_path / "s.npz", x=np.zeros((1, 1)), y=np.float64(1))).message


def test_zero_samples_load_so_that_the_judge_can_say_so(tmp_path: Path) -> None:
    assert (
        load_dataset(save(tmp_path / "d.npz", x=np.zeros((0, 4)), y=np.zeros(0)), input_shape=(4,)).x.size
        == 0
    )
