"""Files appear whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinykit.conversion.output import check_place, remove_stale, sidecar_of, write_whole
from tinykit.errors import OutputError

CANNOT = """
import resource, signal, sys
from pathlib import Path
from tinykit.conversion.output import write_whole
from tinykit.errors import OutputError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
out = Path(sys.argv[1])
try:
    write_whole(out, {out: b"x" * 900, out.with_suffix(".json"): b"y" * 1100})
except OutputError as error:
    sys.exit(7 if error.code == "CANNOT_WRITE" else 8)
"""


def test_both_files_come_in_order_and_nothing_else_stays(tmp_path: Path) -> None:
    out = tmp_path / "m.tflite"
    write_whole(out, {out: b"model", sidecar_of(out): b"report"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "m.tflite": b"model",
        "m.json": b"report",
    }


@pytest.mark.skipif(os.name != "posix", reason="needs RLIMIT_FSIZE")
def test_where_the_second_does_not_fit_the_first_is_not_there_either(tmp_path: Path) -> None:
    out = tmp_path / "m.tflite"
    out.write_bytes(b"earlier")
    done = subprocess.run([sys.executable, "-c", CANNOT, str(out)], timeout=60, check=False)
    assert done.returncode == 7
    assert [path.name for path in tmp_path.iterdir()] == ["m.tflite"] and out.read_bytes() == b"earlier"


def test_trying_a_place_leaves_no_trace(tmp_path: Path) -> None:
    check_place(tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_reports_place_is_seen_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "m.json").mkdir()
    with pytest.raises(OutputError, match=r"m\.json is a folder"):
        check_place(tmp_path / "m.tflite")


@pytest.mark.parametrize(
    ("out", "report"), [("m.tflite", "m.json"), ("m.int8.tflite", "m.int8.json"), ("m", "m.json")]
)
def test_the_report_is_named_after_the_model(out: str, report: str) -> None:
    assert sidecar_of(Path("a", out)) == Path("a", report)


def test_only_what_was_there_counts_as_removed(tmp_path: Path) -> None:
    out = tmp_path / "m.tflite"
    assert remove_stale(out) == []
    out.touch()
    assert remove_stale(out) == [out] and not out.exists()
