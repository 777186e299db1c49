"""A session is what its manifest says: edits, losses and path tricks are found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tinykit.comparison.files import claim
from tinykit.errors import OutputError, RecordingError
from tinykit.lab.manifest import MANIFEST, Damage, read_manifest, verify, write_manifest


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "meter.bin").write_bytes(b"\x01\x02\x03")
    (tmp_path / "windows.csv").write_text("a,b\n")
    write_manifest(tmp_path, {"note": "x"}, ["raw/meter.bin", "windows.csv"])
    return tmp_path


def test_a_session_reads_back_and_verifies(session: Path) -> None:
    assert read_manifest(session)["note"] == "x"
    assert verify(session) == ()


def test_every_kind_of_damage_is_named(session: Path) -> None:
    (session / "raw" / "meter.bin").write_bytes(b"\x01\x02\x04")
    (session / "stray.txt").write_text("?")
    assert verify(session) == (Damage("raw/meter.bin", "content"), Damage("stray.txt", "unlisted"))
    (session / "raw" / "meter.bin").write_bytes(b"\x01")
    (session / "windows.csv").unlink()
    assert {(d.file, d.what) for d in verify(session)} >= {
        ("raw/meter.bin", "size"),
        ("windows.csv", "missing"),
    }


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "C:\\x", "raw\\meter.bin", ""])
def test_names_that_leave_the_folder_are_refused(session: Path, name: str) -> None:
    document = json.loads((session / MANIFEST).read_text())
    document["files"][name] = {"size_bytes": 1, "sha256": ""}
    (session / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(RecordingError) as refused:
        verify(session)
    assert refused.value.code == "SESSION_FILE"


def test_a_link_out_of_the_folder_is_refused(session: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_bytes(b"\x01\x02\x03")
    (session / "raw" / "meter.bin").unlink()
    (session / "raw" / "meter.bin").symlink_to(outside)
    with pytest.raises(RecordingError):
        verify(session)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "other"}', "[" * 100_000, '{"schema":1,"files":3}']
)
def test_a_manifest_that_is_none_is_refused(session: Path, text: str) -> None:
    (session / MANIFEST).write_text(text)
    with pytest.raises(RecordingError) as refused:
        read_manifest(session)
    assert refused.value.code == "SESSION_FILE"


def test_a_folder_without_a_manifest_is_unfinished(tmp_path: Path) -> None:
    with pytest.raises(RecordingError) as refused:
        read_manifest(tmp_path)
    assert refused.value.code == "SESSION_UNFINISHED"


def test_what_is_there_in_a_sessions_place_is_said(tmp_path: Path) -> None:
    """A folder that is not there, another's, a comparison's, and one that was cut off: four ways out."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "comparison.json").write_text("{}")
    (tmp_path / "cut" / "raw").mkdir(parents=True)
    said = {}
    for name in ("nowhere", "empty", "comparison", "cut"):
        with pytest.raises(RecordingError) as caught:
            read_manifest(tmp_path / name)
        assert caught.value.code == "SESSION_UNFINISHED"
        said[name] = f"{caught.value.message} {caught.value.hint}"
    assert "no folder" in said["nowhere"] and "no session" in said["empty"]
    assert "tinykit compare" in said["comparison"] and "recover" in said["cut"]
    assert "recover" not in said["nowhere"] + said["empty"] + said["comparison"]


def test_a_comparison_does_not_write_into_a_session(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text("{}")
    with pytest.raises(OutputError, match="is a session"):
        claim(tmp_path)
