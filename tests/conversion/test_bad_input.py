"""Bad models, data, places and interruptions: one clear error, the right exit code, nothing half-written."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinykit.conversion import convert
from tinykit.errors import ConversionError, DatasetError, ModelError, TinykitError


def refused(model: Path, out: Path, calibration: Path, **options: object) -> TinykitError:
    before = {path: path.read_bytes() for path in out.parent.iterdir() if path.is_file()}
    with pytest.raises(TinykitError) as caught:
        convert(model, out, calibration=calibration, **options)  # type: ignore[arg-type]
    assert {path: path.read_bytes() for path in out.parent.iterdir() if path.is_file()} == before
    error = caught.value
    assert "\n" not in error.message + error.hint and error.hint
    assert error.exit_code == 3
    return error


# -- models, refused before TensorFlow is imported -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.keras", None, "MODEL_NOT_FOUND"),
        ("empty.keras", b"", "MODEL_EMPTY"),
        ("empty.h5", b"", "MODEL_EMPTY"),
        ("noise.keras", b"PK\x03\x04" + bytes(100), "MODEL_DAMAGED"),
        ("noise.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "MODEL_DAMAGED"),
        ("model.onnx", b"onnx", "MODEL_FORMAT"),
        ("model.tflite", b"TFL3", "MODEL_FORMAT"),
    ],
)
def test_files_that_are_no_models(
    tmp_path: Path, data: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    error = refused(tmp_path / name, tmp_path / "m.tflite", data / "calibration.npz")
    assert isinstance(error, ModelError) and error.code == code
    assert name in error.message


def test_a_huge_file_is_refused_without_reading_it(tmp_path: Path, data: Path) -> None:
    model = tmp_path / "huge.keras"
    with model.open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(ModelError) as caught:
        convert(model, tmp_path / "m.tflite", calibration=data / "calibration.npz")
    assert caught.value.code == "MODEL_TOO_LARGE"


def test_a_folder_that_is_no_model_is_not_searched(tmp_path: Path, data: Path) -> None:
    with pytest.raises(ModelError) as caught:
        convert(Path("/"), tmp_path / "m.tflite", calibration=data / "calibration.npz")
    assert caught.value.code == "MODEL_FORMAT" and "SavedModel folder" in caught.value.hint


def test_a_zip_bomb_is_refused(tmp_path: Path, data: Path) -> None:
    model = tmp_path / "bomb.keras"
    with zipfile.ZipFile(model, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", b"[" * (80 << 20))
        archive.writestr("model.weights.h5", "")
    assert model.stat().st_size < 1 << 20
    error = refused(model, tmp_path / "m.tflite", data / "calibration.npz")
    assert error.code == "MODEL_TOO_LARGE"


def test_a_configuration_nested_without_end_is_damage(tmp_path: Path, data: Path) -> None:
    model = tmp_path / "deep.keras"
    with zipfile.ZipFile(model, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", "[" * 100_000 + "]" * 100_000)
        archive.writestr("model.weights.h5", "")
    error = refused(model, tmp_path / "m.tflite", data / "calibration.npz")
    assert error.code == "MODEL_DAMAGED"


@pytest.mark.parametrize("name", ["cnn.keras", "cnn.h5"])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_truncated_files(zoo: Path, data: Path, tmp_path: Path, name: str, share: float) -> None:
    whole = (zoo / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    error = refused(tmp_path / name, tmp_path / "m.tflite", data / "calibration.npz")
    assert (error.code == "MODEL_DAMAGED" and "copied" in error.hint) or "copy" in error.hint


@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5"])
def test_a_lambda_layer_is_refused_and_the_hint_says_why(
    zoo: Path, data: Path, tmp_path: Path, name: str
) -> None:
    error = refused(zoo / name, tmp_path / "m.tflite", data / "normal_4.npz")
    assert error.code == "LAMBDA_LAYER" and "'lambda'" in error.message
    assert "safe_mode" in error.hint and "model.export" in error.hint


def test_a_custom_object_is_named(zoo: Path, data: Path, tmp_path: Path) -> None:
    error = refused(zoo / "custom.keras", tmp_path / "m.tflite", data / "normal_4.npz")
    assert error.code == "CUSTOM_OBJECT" and "'Custom'" in error.message


def test_a_module_of_the_system_in_a_configuration_is_never_imported(
    zoo: Path, data: Path, tmp_path: Path
) -> None:
    # What published exploits of Keras files do: an object whose "class" is a function of another module.
    model = tmp_path / "evil.keras"
    with zipfile.ZipFile(zoo / "cnn.keras") as source, zipfile.ZipFile(model, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            if member == "config.json":
                config = json.loads(content)
                config["config"]["layers"][1]["config"]["activation"] = {
                    "module": "os",
                    "class_name": "function",
                    "config": "system",
                    "registered_name": "function",
                }
                content = json.dumps(config).encode()
            target.writestr(member, content)
    error = refused(model, tmp_path / "m.tflite", data / "calibration.npz")
    assert error.code == "CUSTOM_OBJECT" and "'os'" in error.message


def test_weights_without_a_model_are_named(zoo: Path, data: Path, tmp_path: Path) -> None:
    error = refused(zoo / "cnn.weights.h5", tmp_path / "m.tflite", data / "calibration.npz")
    assert error.code == "NO_MODEL" and "model.save" in error.hint


@pytest.mark.slow
def test_a_truncated_saved_model(zoo: Path, data: Path, tmp_path: Path) -> None:
    model = tmp_path / "saved"
    shutil.copytree(zoo / "cnn_saved", model)
    definition = (model / "saved_model.pb").read_bytes()
    (model / "saved_model.pb").write_bytes(definition[: len(definition) // 2])
    assert refused(model, tmp_path / "m.tflite", data / "calibration.npz").code == "MODEL_DAMAGED"
    (model / "saved_model.pb").write_bytes(definition)
    variables = model / "variables" / "variables.data-00000-of-00001"
    variables.write_bytes(variables.read_bytes()[:50])
    assert refused(model, tmp_path / "m.tflite", data / "calibration.npz").code == "MODEL_DAMAGED"


@pytest.mark.slow
def test_weights_that_are_cut_off_inside_a_sound_zip(zoo: Path, data: Path, tmp_path: Path) -> None:
    model = tmp_path / "cut.keras"
    with zipfile.ZipFile(zoo / "cnn.keras") as source, zipfile.ZipFile(model, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            target.writestr(member, content[:3000] if member.endswith(".h5") else content)
    assert refused(model, tmp_path / "m.tflite", data / "calibration.npz").code == "MODEL_DAMAGED"


# -- data ----------------------------------------------------------------------------------------------------


def test_object_arrays_are_refused_before_tensorflow_is_there(zoo: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", x=np.array([np.zeros(3), None], dtype=object))
    error = refused(zoo / "cnn.keras", tmp_path / "m.tflite", tmp_path / "c.npz")
    assert isinstance(error, DatasetError) and error.code == "OBJECT_ARRAY"


def test_text_is_no_data(zoo: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", x=np.array([["a"] * 4] * 200))
    assert refused(zoo / "cnn.keras", tmp_path / "m.tflite", tmp_path / "c.npz").code == "DTYPE"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("x", "code"),
    [
        (np.full((200, 8, 8, 1), 0.5, np.float32), "CALIBRATION_CONSTANT"),
        (np.zeros((200, 7, 8, 1), np.float32), "SHAPE"),
        (np.full((200, 8, 8, 1), np.nan, np.float32), "CALIBRATION_NOT_FINITE"),
    ],
)
def test_calibration_data_that_cannot_serve(zoo: Path, tmp_path: Path, x: np.ndarray, code: str) -> None:
    np.savez(tmp_path / "c.npz", x=x)
    error = refused(zoo / "cnn.keras", tmp_path / "m.tflite", tmp_path / "c.npz")
    assert isinstance(error, DatasetError) and error.code == code


@pytest.mark.slow
def test_labels_out_of_range_are_refused_before_the_conversion(zoo: Path, data: Path, tmp_path: Path) -> None:
    with np.load(data / "eval.npz") as loaded:
        np.savez(tmp_path / "e.npz", x=loaded["x"], y=loaded["y"] + 1)
    error = refused(
        zoo / "cnn.keras",
        tmp_path / "m.tflite",
        data / "calibration.npz",
        evaluation=tmp_path / "e.npz",
    )
    assert error.code == "LABEL_RANGE" and "0 to 2" in error.message


# -- limits --------------------------------------------------------------------------------------------------


def test_a_timeout_ends_the_child(zoo: Path, data: Path, tmp_path: Path) -> None:
    before = children_of(os.getpid())
    error = refused(zoo / "cnn.keras", tmp_path / "m.tflite", data / "calibration.npz", timeout_s=0.5)
    assert isinstance(error, ConversionError) and error.code == "TIMEOUT" and "--timeout" in error.hint
    assert not [pid for pid in children_of(os.getpid()) if pid not in before and is_running(pid)]


@pytest.mark.skipif(os.name != "posix", reason="the limit is not enforced on Windows")
def test_a_memory_limit_ends_the_child(zoo: Path, data: Path, tmp_path: Path) -> None:
    error = refused(
        zoo / "cnn.keras", tmp_path / "m.tflite", data / "calibration.npz", memory_limit_bytes=100_000_000
    )
    assert error.code == "MEMORY_LIMIT" and "more than 100.0 MB" in error.message


# -- places --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("out", ["no/such/folder/m.tflite", "."])
def test_places_that_are_none(zoo: Path, data: Path, tmp_path: Path, out: str) -> None:
    error = refused(zoo / "cnn.keras", tmp_path / out, data / "calibration.npz") if out == "." else None
    if error is None:
        with pytest.raises(TinykitError) as caught:
            convert(zoo / "cnn.keras", tmp_path / out, calibration=data / "calibration.npz")
        error = caught.value
    assert type(error).__name__ == "OutputError"


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "tinykit", "convert", *map(str, words)]


WITHOUT_ROOT = """
import os, sys
from tinykit.cli.app import main
main(["convert", "absent.keras", "--calibration", "c.npz", "-o", "m.tflite"])  # imports while it may
os.chmod(".", 0o555)
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
sys.exit(main(["convert", "some.keras", "--calibration", "c.npz", "-o", "m.tflite"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs Unix permissions")
def test_a_folder_without_write_permission() -> None:
    # Not tmp_path: pytest's folders are closed to the user that root becomes.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "some.keras").write_bytes(b"model")
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_ROOT],
            capture_output=True,
            text=True,
            cwd=folder,
            timeout=60,
            check=False,
        )
        assert [path.name for path in Path(folder).iterdir()] == ["some.keras"]
    assert done.returncode == 3, done.stderr
    assert "[CANNOT_WRITE]" in done.stderr and "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def limited(limit_bytes: int):
    """A disk that is full beyond ``limit_bytes`` a file: the same OSError from the same write call."""
    import resource

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return limit


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs RLIMIT_FSIZE")
@pytest.mark.parametrize(
    ("samples", "limit_bytes", "where"),
    [(120, 20_000, "temporary files"), (20, 5_400, "does not take the result")],
)
def test_a_full_disk(
    zoo: Path, data: Path, tmp_path: Path, samples: int, limit_bytes: int, where: str
) -> None:
    with np.load(data / "calibration.npz") as loaded:
        np.savez(tmp_path / "c.npz", x=loaded["x"][:samples], y=loaded["y"][:samples])
    out = tmp_path / "out" / "m.tflite"
    out.parent.mkdir()
    out.write_bytes(b"earlier")
    done = subprocess.run(
        # With layers and accuracy in it, the report is the largest of all files that are written.
        command(
            zoo / "cnn.keras",
            "--layers",
            "-o",
            out,
            *(f"--{use}={tmp_path}/c.npz" for use in ("calibration", "eval")),
        ),
        capture_output=True,
        text=True,
        preexec_fn=limited(limit_bytes),
        timeout=120,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "[CANNOT_WRITE]" in done.stderr and where in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in out.parent.iterdir()] == ["m.tflite"] and out.read_bytes() == b"earlier"


# -- interruptions -------------------------------------------------------------------------------------------


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in listed.stdout.split()]


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def within(seconds: float, condition) -> bool:
    t_end_s = time.monotonic() + seconds
    while time.monotonic() < t_end_s:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def test_a_child_whose_parent_is_gone_when_it_speaks_leaves_nothing(tmp_path: Path) -> None:
    """A killed parent's pipes close one after the other: the child may be about to speak, and not read."""
    model, work = tmp_path / "no.keras", tmp_path / "work"
    model.write_text("no model")
    work.mkdir()
    (work / "calibration.npy").write_text("large")
    words = [sys.executable, "-P", "-m", "tinykit.conversion.child", str(model), "keras", str(work)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.wait(60) == 1
    assert not work.exists()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    ("stage", "number"),
    [
        ("start TensorFlow", signal.SIGINT),
        ("calibrate", signal.SIGINT),
        ("calibrate", signal.SIGTERM),
        ("calibrate", signal.SIGKILL),
    ],
)
def test_an_interruption_half_way_leaves_nothing(
    zoo: Path, tmp_path: Path, number: signal.Signals, stage: str
) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "c.npz", x=rng.normal(size=(60, 192, 192, 8)).astype(np.float32))
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    process = subprocess.Popen(
        command(zoo / "slow.keras", "--calibration", tmp_path / "c.npz", "-o", out / "m.tflite"),
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(stage):
            break
    else:
        pytest.fail("the stage did not come")
    time.sleep(1.0)
    children = children_of(process.pid)
    assert children and list(scratch.iterdir())
    process.send_signal(number)
    rest = process.stderr.read()
    expected = {signal.SIGINT: 130, signal.SIGKILL: -9, signal.SIGTERM: 143}
    assert process.wait(60) == expected[number]
    assert within(60, lambda: not any(map(is_running, children)))
    assert within(60, lambda: not list(scratch.iterdir()))
    assert list(out.iterdir()) == []
    assert "Traceback" not in rest
    assert number != signal.SIGINT or re.search(r"Interrupted", rest)
