"""What was written reads back, gives the same joules again, and shows every edit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import SCRIPT, record, session

from tinykit.errors import RecordingError
from tinykit.lab.manifest import MANIFEST, verify
from tinykit.lab.recompute import recompute
from tinykit.lab.recover import recover
from tinykit.lab.store import find_sessions, open_session, reanalyse
from tinykit.lab.verdict import Finding


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "one"
    session(folder)
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "one")
    return tmp_path / "one"


def test_a_session_reads_back_with_its_true_joules(made: Path) -> None:
    stored = open_session(made)
    assert stored.headline is not None
    assert stored.net is not None
    assert stored.headline.value == pytest.approx(SCRIPT.gross_j, rel=2e-3)
    assert stored.net.value == pytest.approx(SCRIPT.net_j, rel=2e-3)
    assert stored.states["idle"].value == pytest.approx(3.0 * SCRIPT.idle_a, rel=2e-3)
    assert stored.known.simulated
    assert stored.verdict.state == "warn"


def test_recompute_is_exact_and_writes_nothing(made: Path) -> None:
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    result = recompute(made)
    assert result.is_equal
    assert [one.relative for one in result.quantities] == [0.0, 0.0, 0.0]
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before


def test_recompute_says_what_changed_and_replaces_only_when_asked(copy: Path) -> None:
    """A version that counted another energy, and passed another verdict, wrote this one."""
    from tinykit.lab.finish import finish
    from tinykit.lab.report import ENERGY

    stored = open_session(copy)
    facts = {k: v for k, v in stored.manifest.items() if k not in ("files", "seal", "verdict", "known")}
    analysis = reanalyse(stored)
    finish(copy, facts, stored.known, analysis, [n for n in stored.manifest["files"] if n.startswith("raw/")])
    document = json.loads((copy / ENERGY).read_text())
    document["gross_per_inference"]["value"] *= 1.01
    (copy / ENERGY).write_text(json.dumps(document))
    from tinykit.lab.manifest import write_manifest

    manifest = json.loads((copy / MANIFEST).read_text())
    found = manifest["verdict"]["findings"]
    changed = [{**f, "state": "fail"} if f["code"] == "DRIFT" else f for f in found]
    files = manifest.pop("files")
    manifest.pop("seal")
    write_manifest(copy, {**manifest, "verdict": {"state": "fail", "findings": changed}}, files)
    result = recompute(copy, write=True)
    assert not result.is_equal
    assert result.quantities[0].relative == pytest.approx(1 / 1.01 - 1)
    assert result.findings == (("DRIFT", "fail", "pass"),)
    assert verify(copy) == ()
    assert recompute(copy).is_equal


@given(at=st.floats(0, 1, exclude_max=True), which=st.integers(0, 20), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_changed_bit_is_found(made: Path, at: float, which: int, bit: int) -> None:
    paths = sorted(path for path in made.rglob("*") if path.is_file())
    path = paths[which % len(paths)]
    content = path.read_bytes()
    place = int(at * len(content))
    edited = bytearray(content)
    edited[place] ^= 1 << bit
    path.write_bytes(edited)
    try:
        try:
            damage = {one.file for one in verify(made)}
        except RecordingError:
            damage = {MANIFEST}
        if path.name == MANIFEST and _same_json(content, edited):
            return  # white space, or another way to write the same number
        assert path.relative_to(made).as_posix() in damage
        with pytest.raises(RecordingError):
            open_session(made)
    finally:
        path.write_bytes(content)


def _same_json(a: bytes, b: bytes) -> bool:
    try:
        return bool(json.loads(a) == json.loads(b))
    except ValueError:
        return False


def test_a_file_that_was_added_or_taken_away_is_refused(copy: Path) -> None:
    (copy / "raw" / "start.json").unlink()
    with pytest.raises(RecordingError, match=r"start.json is missing") as refused:
        open_session(copy)
    assert refused.value.code == "SESSION_DAMAGED"


def test_sessions_are_found_finished_unfinished_and_damaged(tmp_path: Path, made: Path) -> None:
    for name in ("a", "deep/er/b", "too/deep/for/us/c"):
        shutil.copytree(made, tmp_path / name)
    record(tmp_path / "cut")
    (tmp_path / "deep/er/b/energy.json").write_text("{}")
    found = list(find_sessions([tmp_path]))
    assert [one.folder.relative_to(tmp_path).as_posix() for one in found] == ["a", "cut", "deep/er/b"]
    assert [one.session is not None for one in found] == [True, False, False]
    assert [one.is_unfinished for one in found] == [False, True, False]
    assert "energy.json" in found[2].problem
    with pytest.raises(RecordingError):
        list(find_sessions([tmp_path / "nowhere"]))


def test_findings_that_are_none_are_refused(copy: Path) -> None:
    from tinykit.lab.manifest import write_manifest

    manifest = json.loads((copy / MANIFEST).read_text())
    files = manifest.pop("files")
    manifest.pop("seal")
    manifest["verdict"]["findings"][0]["state"] = "splendid"
    write_manifest(copy, manifest, files)
    with pytest.raises(RecordingError) as refused:
        open_session(copy)
    assert refused.value.code == "SESSION_FILE"


def test_a_recovered_session_says_so_again(tmp_path: Path) -> None:
    record(tmp_path / "cut")
    recover(tmp_path / "cut")
    assert recompute(tmp_path / "cut").is_equal
    stored = open_session(tmp_path / "cut")
    assert stored.manifest["recovered"] is True
    assert Finding("COMPLETE", "warn", "The session was cut off, and recovered.") in stored.verdict.findings


def paths_in(value: object, at: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The place of every value of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, one in inner for path in paths_in(one, (*at, key)))]


junk = st.sampled_from([None, True, -1, 1e308, "", "../x", [], {}, ["a"], {"a": 1}])


@given(data=st.data(), new=junk)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_manifest_of_junk_is_refused_and_never_a_crash(
    made: Path, data: st.DataObject, new: object
) -> None:
    """Sealed anew, as somebody who means it would."""
    from tinykit.cli.session_view import list_document, list_view, show_view
    from tinykit.console import stdout_console
    from tinykit.errors import TinykitError
    from tinykit.lab.manifest import seal

    path = made / MANIFEST
    content = path.read_bytes()
    document = json.loads(content)
    *way, last = data.draw(st.sampled_from(paths_in(document)[1:]))
    holder = document
    for key in way:
        holder = holder[key]
    holder[last] = new
    document["seal"] = seal(document)
    path.write_text(json.dumps(document))
    try:
        listed = tuple(find_sessions([made]))
        list_document(listed)
        console = stdout_console()
        with console.capture():
            console.print(list_view(listed))
            console.print(show_view(open_session(made, raw=False)))
            recompute(made)
    except TinykitError as error:
        assert error.hint
    finally:
        path.write_bytes(content)
