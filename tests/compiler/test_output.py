"""A build's folder: replaced as a whole, or left as it was, with what is not the build's left alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import pytest

from tinykit.boards import load_board
from tinykit.compiler.build import CompiledModel, compile_graph, write_c
from tinykit.compiler.image import build_model
from tinykit.compiler.output import MARK, replacing
from tinykit.errors import BuildError, ModelError, OutputError
from tinykit.graph.reader import read_model
from tinykit.toolchain import zig


@pytest.fixture(scope="module")
def compiled(checkout: Path) -> CompiledModel:
    return compile_graph(read_model(checkout / "firmware_models" / "models" / "digits" / "digits.tflite"))


def fill(out: Path, **files: str) -> None:
    """A build that writes ``files`` (an underscore stands for the dot)."""
    with replacing(out) as stage:
        for name, text in files.items():
            (stage / name.replace("_", ".")).write_text(text)


def contents(folder: Path) -> dict[str, str]:
    """Every file below ``folder`` but the list, and every empty folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else ""
        for path in folder.rglob("*")
        if path.name != MARK and (path.is_file() or not any(path.iterdir()))
    }


def test_is_written_and_replaced(compiled, tmp_path, checkout):
    out = tmp_path / "deep" / "out"
    with replacing(out) as stage:
        (stage / "kernels").mkdir()
        for name in ("firmware.elf", "kernels/tk_gone.c"):
            (stage / name).write_text("of an earlier model")
    (out / "kernels" / "thesis.c").write_text("years of work")
    (out / "m.tflite").write_text("the model itself")
    write_c(compiled, out)
    written = {str(p.relative_to(out)).replace("\\", "/") for p in out.rglob("*") if p.is_file()}
    assert written == {*compiled.emitted.files, MARK, "kernels/thesis.c", "m.tflite"}
    assert (out / "model.c").read_bytes() == compiled.emitted.files["model.c"]
    assert [p.name for p in out.parent.iterdir()] == ["out"]
    schema = json.loads((checkout / "tinykit/data/schemas/build_files.v1.schema.json").read_text())
    jsonschema.validate(json.loads((out / MARK).read_text()), schema)


@pytest.mark.parametrize("name", ["thesis.tex", "model.h", MARK])
def test_other_people_s_files_are_left_alone(compiled, tmp_path, name):
    (tmp_path / name).write_text("years of work")
    with pytest.raises(OutputError):
        write_c(compiled, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "years of work"


def test_a_name_that_the_user_took_is_not_overwritten(tmp_path):
    fill(tmp_path, a_c="1")
    (tmp_path / "b.c").write_text("mine")
    with pytest.raises(OutputError) as caught:
        fill(tmp_path, a_c="2", b_c="2")
    assert "b.c" in caught.value.message
    assert contents(tmp_path) == {"a.c": "1", "b.c": "mine"}


@pytest.mark.parametrize("name", ["../thesis.tex", "."])
def test_a_list_that_leads_out_of_the_folder_is_not_followed(tmp_path, name):
    out = tmp_path / "out"
    fill(out, a_c="1")
    (tmp_path / "thesis.tex").write_text("years of work")
    document = json.loads((out / MARK).read_text())
    document["files"].append(name)
    (out / MARK).write_text(json.dumps(document))
    with pytest.raises(OutputError):
        fill(out, a_c="2")
    assert contents(tmp_path) == {"thesis.tex": "years of work", "out/a.c": "1"}


@pytest.mark.parametrize("interrupted", [True, False])
@pytest.mark.parametrize("earlier", [True, False])
def test_what_stops_a_build_leaves_the_earlier_one(tmp_path, interrupted, earlier):
    out = tmp_path / "deep" / "out"
    if earlier:
        fill(out, model_c="1")
    before = contents(tmp_path)
    with pytest.raises((KeyboardInterrupt, ModelError)) as caught, replacing(out) as stage:
        (stage / "model.c").write_text("2")
        raise KeyboardInterrupt if interrupted else ModelError("no.", hint="none.")
    assert contents(tmp_path) == before
    assert (tmp_path / "deep").exists() == earlier
    if isinstance(caught.value, ModelError):
        assert ("untouched" in caught.value.hint) == earlier


@pytest.mark.parametrize("stop_at", range(6))
def test_an_interrupt_while_files_change_places_leaves_all_old_or_all_new(tmp_path, monkeypatch, stop_at):
    fill(tmp_path, a_c="1", b_c="1", gone_c="1")
    (tmp_path / "mine").write_text("mine")
    before, moved = contents(tmp_path), 0
    real = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        nonlocal moved
        done = real(self, target)
        if self.name != MARK:
            if moved == stop_at:
                moved += 1
                raise KeyboardInterrupt
            moved += 1
        return done

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, a_c="2", b_c="2", new_c="2")
    monkeypatch.undo()
    assert contents(tmp_path) == before
    fill(tmp_path, a_c="3")
    assert contents(tmp_path) == {"a.c": "3", "mine": "mine"}


def test_the_remains_of_a_killed_build_are_in_nobody_s_way(tmp_path):
    (tmp_path / ".tinykit-new").mkdir()
    (tmp_path / ".tinykit-new" / "half.c").write_text("")
    fill(tmp_path, a_c="1")
    assert contents(tmp_path) == {"a.c": "1"}


class TestACompilerThatFails:
    @pytest.fixture
    def broken(self, monkeypatch):
        """A compiler whose run ends with an error (a real one's: tests/toolchain/test_firmware.py)."""
        monkeypatch.setattr(zig.Zig, "version", lambda self: "0.0")
        fails = "import sys; sys.exit('error: no_such_header.h is not there')"
        monkeypatch.setattr(zig, "zig_command", lambda: [sys.executable, "-c", fails])

    def test_leaves_the_earlier_image_and_keeps_its_folder(self, digits, tmp_path, broken):
        out, board = tmp_path / "out", load_board("virtual-m4")
        fill(out, firmware_elf="the image", model_c="its source")
        with pytest.raises(BuildError) as caught:
            build_model(digits.tflite, board, out)
        assert caught.value.code == "COMPILER_FAILED"
        failed = tmp_path / "out.failed"
        assert str(failed) in caught.value.hint
        assert "untouched" in caught.value.hint
        assert "no_such_header.h" in (failed / "compiler.log").read_text()
        assert (failed / "model.c").is_file()
        assert contents(out) == {"firmware.elf": "the image", "model.c": "its source"}
        assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "out.failed"]
        assert not (out / ".tinykit-new").exists()

    def test_keeps_the_last_failure_alone(self, tmp_path):
        for text in "12":
            with pytest.raises(BuildError), replacing(tmp_path / "out") as stage:
                (stage / f"{text}.c").write_text(text)
                raise BuildError("no.", hint="none.", code="COMPILER_FAILED")
        assert [p.name for p in tmp_path.iterdir()] == ["out.failed"]
        assert [p.name for p in (tmp_path / "out.failed").glob("*.c")] == ["2.c"]

    def test_does_not_replace_a_user_s_folder(self, tmp_path):
        (tmp_path / "out.failed").mkdir()
        (tmp_path / "out.failed" / "diary").write_text("mine")
        with pytest.raises(BuildError) as caught, replacing(tmp_path / "out") as stage:
            raise BuildError("no.", hint=f"see {stage}.", code="COMPILER_FAILED")
        assert "out.failed" not in caught.value.hint
        assert Path(caught.value.hint.removeprefix("see ").removesuffix(".")).is_dir()
        assert (tmp_path / "out.failed" / "diary").read_text() == "mine"
        fill(tmp_path / "out", a_c="1")
        assert (tmp_path / "out" / "a.c").is_file()


class TestPlaces:
    def test_the_current_folder(self, tmp_path, monkeypatch):
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        fill(Path(), a_c="1")
        fill(Path(), b_c="2")
        assert contents(Path.cwd()) == {"b.c": "2"} == contents(tmp_path / "here")

    def test_a_link_stays_a_link(self, tmp_path):
        (tmp_path / "real").mkdir()
        (tmp_path / "out").symlink_to("real")
        fill(tmp_path / "out", a_c="1")
        fill(tmp_path / "out", a_c="2")
        assert (tmp_path / "out").is_symlink()
        assert contents(tmp_path / "real") == {"a.c": "2"}

    @pytest.mark.parametrize("below", ["", "out", "deep/out"])
    def test_a_file_is_no_folder(self, tmp_path, below):
        (tmp_path / "file").write_text("mine")
        with pytest.raises(OutputError) as caught:
            fill(tmp_path / "file" / below, a_c="1")
        assert f"{tmp_path / 'file'} is a file" in caught.value.message
        assert (tmp_path / "file").read_text() == "mine"

    def test_a_loop_of_links_and_a_name_that_is_too_long(self, tmp_path):
        (tmp_path / "loop").symlink_to("loop")
        for name in ("loop", "loop/out", "x" * 300):
            with pytest.raises(OutputError):
                fill(tmp_path / name, a_c="1")
