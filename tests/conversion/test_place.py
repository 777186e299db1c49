"""What a conversion must never write over, and what it refuses before TensorFlow starts."""

import json
import os
import shutil

import pytest

from tinykit.conversion import convert
from tinykit.conversion.pipeline import DataOptions
from tinykit.errors import OutputError, TinykitError, UsageError


@pytest.fixture
def folder(tmp_path, digits):
    """A user's folder with a model and data in it. Returns the folder."""
    for name in ("digits.keras", "calibration.npz", "eval.npz"):
        shutil.copy(digits.folder / name, tmp_path / name)
    return tmp_path


def refused(folder, out, error, **options):
    before = {path.name: path.stat().st_size for path in folder.iterdir()}
    with pytest.raises(error) as caught:
        convert(folder / "digits.keras", out, calibration=folder / "calibration.npz", **options)
    assert {path.name: path.stat().st_size for path in folder.iterdir()} == before
    return caught.value


@pytest.mark.parametrize("name", ["digits.keras", "calibration.npz", "eval.npz"])
def test_what_is_read_is_never_written_over(folder, name):
    error = refused(folder, folder / name, UsageError, evaluation=folder / "eval.npz")
    assert name in error.message


def test_a_link_to_what_is_read_is_seen_through(folder):
    (folder / "out.tflite").symlink_to(folder / "digits.keras")
    refused(folder, folder / "out.tflite", UsageError)


def test_nothing_is_written_into_a_folder_that_is_read(folder):
    (folder / "images").mkdir()
    with pytest.raises(UsageError, match="part of what is read"):
        convert(folder / "digits.keras", folder / "images" / "m.tflite", calibration=folder / "images")


def test_somebody_elses_json_is_left_alone(folder):
    (folder / "digits.json").write_text('{"my": "architecture"}')
    error = refused(folder, folder / "digits.tflite", OutputError)
    assert error.code == "FOREIGN_FILE"


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"\xff", b"[" * 100_000, json.dumps({"schema": 1}).encode()]
)
def test_a_json_that_cannot_be_told_is_left_alone(folder, content):
    (folder / "m.json").write_bytes(content)
    assert refused(folder, folder / "m.tflite", OutputError).code == "FOREIGN_FILE"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_a_pipe_or_device_is_not_replaced(folder):
    os.mkfifo(folder / "pipe")
    refused(folder, folder / "pipe", OutputError)
    with pytest.raises(OutputError, match="not a plain file"):
        convert(folder / "digits.keras", "/dev/null", calibration=folder / "calibration.npz")


@pytest.mark.parametrize("out", ["", ".", "/", ".."])
def test_a_folder_is_no_place_for_a_file(folder, out):
    assert "folder" in refused(folder, out, OutputError).message


@pytest.mark.parametrize(
    "options",
    [
        {"max_drop": float("nan")},
        {"reading": DataOptions(image_scale=(1 / 255,))},
        {"reading": DataOptions(image_mean=(1.0,))},
        {"reading": DataOptions(label_column="label")},
        {"io": "int16"},
        {"metric": "f1"},
        {"calibration_percentile": 20.0},
    ],
)
def test_options_that_decide_nothing_are_refused(folder, options):
    refused(folder, folder / "m.tflite", UsageError, evaluation=folder / "eval.npz", **options)


def test_a_folder_that_is_no_model_is_refused_without_walking_it(folder, monkeypatch):
    monkeypatch.setattr("pathlib.Path.rglob", lambda *_: pytest.fail("the folder was walked"))
    with pytest.raises(TinykitError, match="not a kind of model"):
        convert(folder, folder / "m.tflite", calibration=folder / "calibration.npz")
