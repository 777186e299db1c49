"""A folder of images: labels from sub-folders, sizes from the model."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinykit.datasets import load_dataset
from tinykit.errors import DatasetError


def picture(path: Path, value: int | tuple[int, ...] = 100, size: tuple[int, int] = (4, 3)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(value, int) else "RGB", size, value).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture(tmp_path / "set/dog/b.png", 200)
    picture(tmp_path / "set/cat/a.png", 50)
    picture(tmp_path / "set/cat/c.bmp", 100)
    return tmp_path / "set"


def test_sub_folders_are_classes_in_sorted_order(folder: Path) -> None:
    data = load_dataset(folder, input_shape=(3, 4, 1), image_scale=1 / 255)
    assert data.class_names == ("cat", "dog")
    assert data.y is not None
    assert data.y.tolist() == [0, 0, 1]
    np.testing.assert_allclose(data.x[:, 0, 0, 0], np.array([50, 100, 200]) / 255, rtol=1e-6)
    assert data.x.dtype == np.float32
    assert not data.notes


def test_the_scale_is_never_guessed(folder: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(folder, input_shape=(3, 4, 1))
    assert caught.value.code == "IMAGE_SCALE"
    assert "--image-scale" in caught.value.hint


def test_mean_and_scale_may_be_one_a_channel(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", (10, 20, 30))
    data = load_dataset(tmp_path, input_shape=(3, 4, 3), image_scale=(1, 2, 3), image_mean=(10, 10, 20))
    np.testing.assert_array_equal(data.x[0, 0, 0], [0, 20, 30])
    with pytest.raises(DatasetError, match="one for each of 3 channels"):
        load_dataset(tmp_path, input_shape=(3, 4, 3), image_scale=(1, 2))


def test_images_take_size_and_channels_of_the_model(folder: Path) -> None:
    data = load_dataset(folder, input_shape=(6, 8, 3), image_scale=1)
    assert data.x.shape == (3, 6, 8, 3)
    assert np.ptp(data.x[0]) == 0
    assert "resized to 8x6" in data.notes[0]
    assert load_dataset(folder, input_shape=(3, 4), image_scale=1).x.shape == (3, 3, 4)
    assert load_dataset(folder, image_scale=1).x.shape == (3, 3, 4, 1)
    with pytest.raises(DatasetError, match="2 channels"):
        load_dataset(folder, input_shape=(3, 4, 2), image_scale=1)
    with pytest.raises(DatasetError, match="not images"):
        load_dataset(folder, input_shape=(10,), image_scale=1)


def test_images_without_class_folders_have_no_labels(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    data = load_dataset(tmp_path, image_scale=1)
    assert data.y is None
    assert data.class_names == ()


def test_images_beside_class_folders_are_refused(folder: Path) -> None:
    picture(folder / "stray.png")
    with pytest.raises(DatasetError, match=r"'stray.png' beside 'cat'"):
        load_dataset(folder, image_scale=1)


def test_other_files_are_named_and_hidden_ones_pass(folder: Path) -> None:
    (folder / "cat/readme.txt").write_text("hello")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "fox").mkdir()
    data = load_dataset(folder, image_scale=1)
    assert any("cat/readme.txt" in note for note in data.notes)
    assert any("fox" in note for note in data.notes)
    assert not any("DS_Store" in note for note in data.notes)
    assert data.y is not None
    assert data.y.tolist() == [0, 0, 1]


def test_pixels_of_more_than_8_bits_are_refused_not_cut_off(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 4), 40_000, np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(DatasetError, match=r"deep\.png: pixels have more than 8 bits"):
        load_dataset(tmp_path, input_shape=(3, 4, 1), image_scale=1)


def test_a_corrupt_image_is_named(folder: Path) -> None:
    whole = (folder / "cat/a.png").read_bytes()
    for damaged in (b"", b"not an image", whole[: len(whole) // 2]):
        (folder / "cat/a.png").write_bytes(damaged)
        with pytest.raises(DatasetError, match=r"a\.png") as caught:
            load_dataset(folder, input_shape=(3, 4, 1), image_scale=1)
        assert caught.value.code == "DAMAGED"


def test_an_image_that_claims_too_many_pixels_is_refused(folder: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    for side in (12_000, 30_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
        (folder / "cat/a.png").write_bytes(bomb)
        with pytest.raises(DatasetError, match=r"a\.png") as caught:
            load_dataset(folder, input_shape=(3, 4, 1), image_scale=1)
        assert caught.value.code == "TOO_LARGE"


def test_many_images_that_would_not_fit_are_refused(folder: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(folder, input_shape=(3, 4, 1), image_scale=1, max_bytes=100)
    assert caught.value.code == "TOO_LARGE"


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DatasetError, match=r"no images; found notes\.txt"):
        load_dataset(tmp_path, image_scale=1)


def test_the_hash_is_of_names_and_contents(folder: Path) -> None:
    def hash_now() -> str:
        return load_dataset(folder, input_shape=(3, 4, 1), image_scale=1).sha256

    first = hash_now()
    assert first == hash_now()
    (folder / "cat/a.png").rename(folder / "cat/z.png")
    renamed = hash_now()
    picture(folder / "cat/z.png", 51)
    assert len({first, renamed, hash_now()}) == 3
