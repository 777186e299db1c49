"""A report says what its inputs say, loads nothing, and takes no text for anything but text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import html5lib
import jsonschema
import numpy as np
import pytest
from duty_script import DutyScript
from report_inputs import (
    DIGITS,
    HOSTILE,
    Inputs,
    command,
    compare,
    hostile_document,
    hostile_session,
    make_inputs,
    phases_session,
)
from sessions import session

from tinykit.console import safe_text
from tinykit.errors import InputError, OutputError, RecordingError, UsageError
from tinykit.lab.pyramid import Pyramid
from tinykit.lab.store import open_session, reanalyse
from tinykit.reporting.page import Number, Page, Picture, Table
from tinykit.reporting.report import make_page, make_report
from tinykit.reporting.report_html import write_html
from tinykit.reporting.report_markdown import write_markdown
from tinykit.reporting.trace_data import trace_document

pytest.importorskip("matplotlib")
MOST_BYTES = 3_000_000
SCHEMAS = Path(__file__).parents[2] / "tinykit" / "data" / "schemas"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def page(inputs: Inputs) -> Page:
    return make_page(inputs.all)


@pytest.fixture(scope="module")
def written(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("written") / "report.html"
    path.write_text(write_html(page), encoding="utf-8")
    return path


def tree(path: Path) -> ElementTree.Element:
    """The document, by html5lib's strict parser: any error of syntax raises."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root: ElementTree.Element = parser.parse(path.read_text(encoding="utf-8"))
    return root


def text_of(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def named(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in root.iter() if isinstance(one.tag, str) and one.tag.split("}")[-1] == name]


def attributes(root: ElementTree.Element) -> Iterator[tuple[str, str, str]]:
    for one in root.iter():
        for name, value in one.attrib.items():
            yield str(one.tag), str(name).split("}")[-1], value


def tables(page: Page) -> Iterator[Table]:
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Table | Picture):
                yield block.data if isinstance(block, Picture) else block


def assert_harmless(root: ElementTree.Element) -> None:
    """Nothing is loaded, nothing runs but our script, nothing is styled but by our sheet."""
    scripts = [one for one in named(root, "script") if one.get("type") != "application/json"]
    assert [one.attrib for one in scripts] == [{}]
    assert not [
        tag for tag in ("img", "iframe", "object", "embed", "link", "base", "form") if named(root, tag)
    ]
    for tag, name, value in attributes(root):
        assert not name.startswith("on"), (tag, name)
        assert name not in ("style", "src", "srcset", "action"), (tag, name)
        if name == "href":
            assert value.startswith(("#", "data:image/png;base64,", "http://", "https://")), value
            assert value.startswith(("#", "data:")) or tag == "a"


def test_the_page_is_valid_and_loads_nothing(written: Path) -> None:
    root = tree(written)
    assert_harmless(root)
    assert written.stat().st_size < MOST_BYTES


def test_the_policy_names_exactly_what_is_there(written: Path) -> None:
    root = tree(written)
    policy = next(one for one in named(root, "meta") if one.get("http-equiv") == "Content-Security-Policy")
    content = policy.get("content", "")
    assert content.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in content
    for name in ("style", "script"):
        one = next(one for one in named(root, name) if one.get("type") is None)
        digest = base64.b64encode(hashlib.sha256((one.text or "").encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in content


def test_ids_are_unique_and_every_reference_leads_to_one(written: Path) -> None:
    root = tree(written)
    ids = [value for _, name, value in attributes(root) if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = {value[1:] for _, name, value in attributes(root) if name == "href" and value.startswith("#")}
    wanted |= {one for _, _, value in attributes(root) for one in re.findall(r"url\(#([^)]+)\)", value)}
    assert len(wanted) > 50
    assert wanted <= set(ids)


def test_the_first_screen_answers(inputs: Inputs, written: Path) -> None:
    root = tree(written)
    answers = next(one for one in named(root, "section") if one.get("class") == "answers")
    said = text_of(answers)
    document = json.loads((inputs.simulated / "comparison.json").read_bytes())
    assert " ".join(document["headline"].split()) in said
    assert "Where the edge loses" in said
    assert "verdict WARN" in said
    assert "takes" in said and "J (95 %) an inference (modelled, SIMULATED)" in said
    assert said.index("Edge against cloud") < said.index("Measurement session") < said.index("Conversion")


def test_every_number_has_a_kind_and_a_source(page: Page) -> None:
    found = [number for table in tables(page) for number in table.numbers]
    assert len(found) > 100
    assert not [one for one in found if not one.sources and one.kind not in ("unknown", "not used")]
    notes = {source: number for number, source in page.footnotes()}
    assert all(notes[source] for one in found for source in one.sources)


def test_every_picture_has_its_data(page: Page) -> None:
    pictures = [b for section in page.sections for b in section.blocks if isinstance(b, Picture)]
    assert len(pictures) >= 10
    assert all(picture.data.rows for picture in pictures)
    names = {picture.key.partition("-")[2].partition("-")[2] for picture in pictures}
    assert {"ledger", "difference", "tornado", "break-even", "trace", "sizes", "memory", "map"} <= names


def test_what_is_simulated_is_stamped_and_what_is_not_is_not(
    inputs: Inputs, written: Path, tmp_path: Path
) -> None:
    assert "SIMULATED" in text_of(named(tree(written), "h2")[1])
    plain = tmp_path / "plain.html"
    make_report([inputs.published, inputs.conversion], plain)
    body = named(tree(plain), "body")[0]
    assert "SIMULATED" not in text_of(named(body, "main")[0])


def test_an_edge_that_loses_is_said_to_lose(tmp_path: Path) -> None:
    compare("--edge", "10 J", "--network", "wifi,average", "-o", tmp_path / "lost")
    page = make_page([tmp_path / "lost"])
    answer = page.sections[0].answer
    assert (answer.verdict, answer.tone) == ("edge LOSES", "bad")
    assert "LOSES" in answer.text
    assert any(sentence.startswith("In energy: it costs") for sentence in answer.loses)
    assert any(
        sentence.startswith("It loses as long as one inference costs more than") for sentence in answer.loses
    )


def test_one_joule_has_two_intervals_and_each_says_what_it_holds(page: Page) -> None:
    """The session's is its own; the comparison's also holds how far an emulator is from a chip."""
    comparison, measured = (section.answer.more for section in page.sections[:2])
    assert any(one.startswith("One inference counts as") and "± 24 %" in one for one in comparison)
    assert any("how far the emulator may be from a real chip, ± 24 %" in one for one in comparison)
    assert any(one.startswith("The interval is") and "the meter's errors" in one for one in measured)
    assert any("leaves out how far that is from a real chip" in one and "± 24 %" in one for one in measured)


def test_what_stands_in_for_the_cloud_is_said_with_the_answer(inputs: Inputs) -> None:
    answer = make_page([inputs.published]).sections[0].answer
    assert "resnet50" in answer.basis and "stands in for MLPerf Tiny vww" in answer.basis


def test_what_nobody_asks_for_is_not_called_unknown(page: Page) -> None:
    scenario = next(table for table in tables(page) if table.title == "The scenario, complete")
    kinds = {row[0]: row[1].kind for row in scenario.rows if isinstance(row[1], Number)}
    assert kinds["device.sense_j"] == "unknown"
    assert kinds["gateway.price_usd"] == "not used"
    assert kinds["radio.setup_w"] == "not used"


def test_words_are_explained_and_linked_from_their_first_use(written: Path) -> None:
    root = tree(written)
    (terms,) = [one for one in named(root, "dl") if one.get("class") == "terms"]
    explained = {one.get("id") for one in named(terms, "div")}
    assert {"term-device-day", "term-stance", "term-settings", "term-gross-net", "term-verdict"} <= explained
    assert {"term-kind-assumed", "term-kind-not-used", "term-simulated"} <= explained
    linked = [href[1:] for _, name, href in attributes(root) if name == "href" and href.startswith("#term-")]
    assert len(linked) == len(set(linked)), "from the first use alone"
    assert set(linked) <= explained
    assert {"term-device-day", "term-verdict", "term-kind-assumed", "term-simulated"} <= set(linked)


def test_break_evens_are_a_table_in_words_with_their_keys(page: Page) -> None:
    table = next(table for table in tables(page) if table.title == "Break-evens")
    row = next(row for row in table.rows if row[-1] == "edge.inference_j")
    assert row[0] == "edge: joules of one inference"
    assert "J" in str(row[2]) and str(row[3]).endswith("100 J")


def test_a_model_alone_has_its_memory_and_its_layers_drawn(inputs: Inputs, tmp_path: Path) -> None:
    (section,) = make_page([DIGITS / "digits.tflite"]).sections
    keys = [block.key for block in section.blocks if isinstance(block, Picture)]
    assert keys == ["input-1-map", "input-1-macs"]
    assert section.title == "digits.tflite"
    assert section.command == f"tinykit inspect {DIGITS / 'digits.tflite'}"


def test_phases_and_periods_are_reported(tmp_path: Path) -> None:
    session(tmp_path / "duty", DutyScript(windows=2))
    page = make_page([phases_session(tmp_path), tmp_path / "duty"])
    phases, duty = page.sections
    assert "(95 %) a cycle" in phases.answer.text
    assert "SIMULATED" not in phases.answer.text
    ledger = next(table for table in tables(page) if table.title == "Phases")
    assert {"sense", "think", "radio", "rest"} <= {row[0] for row in ledger.rows}
    found = next(block for block in duty.blocks if isinstance(block, Table))
    assert {"mean power over periods", "an hour of periods"} <= {row[0] for row in found.rows}
    path = tmp_path / "r.html"
    path.write_text(write_html(page), encoding="utf-8")
    assert "think" in text_of(tree(path))


def test_accuracy_against_cost_is_drawn_where_predictions_are_paired(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    for name, spread in (("edge", 0.7), ("cloud", 0.2)):
        np.savez(tmp_path / f"{name}.npz", scores=np.eye(3)[labels] + rng.normal(0, spread, (200, 3)))
    (tmp_path / "labels.txt").write_text("\n".join(map(str, labels)))
    files = [word for name in ("edge", "cloud") for word in (f"--{name}-outputs", tmp_path / f"{name}.npz")]
    compare("--edge", "1.3 mJ", *files, "--labels", tmp_path / "labels.txt", "-o", tmp_path / "paired")
    page = make_page([tmp_path / "paired"])
    front = next(b for b in page.sections[0].blocks if isinstance(b, Picture) and b.key.endswith("accuracy"))
    assert "What sending more up buys" in front.svg
    shares = [float(str(row[0]).rstrip("%")) for row in front.data.rows]
    right = [float(str(row[1]).rstrip("%")) for row in front.data.rows]
    assert shares == sorted(shares) and right == sorted(right) and len(right) > 3
    assert "On 200 paired samples" in front.data.note


def test_the_commands_of_the_appendix_compute_it_again(inputs: Inputs, page: Page, tmp_path: Path) -> None:
    words = {one.what: shlex.split(one.command) for one in page.sections}
    again = [str(tmp_path / "again") if word == "AGAIN" else word for word in words["Edge against cloud"]]
    command(*again[1:], "--no-plots", "-q")
    documents = [
        json.loads((folder / "comparison.json").read_bytes())
        for folder in (inputs.simulated, tmp_path / "again")
    ]
    assert documents[0]["headline"] == documents[1]["headline"]
    assert "The same" in command(*words["Measurement session"][1:])


def test_the_appendix_names_instrument_hashes_and_seed(page: Page) -> None:
    facts = {one.what: dict(one.appendix) for one in page.sections}
    assert "Nordic PPK2" in facts["Measurement session"]["instrument"]
    assert re.fullmatch(r"[0-9a-f]{64}", facts["Measurement session"]["session.json, SHA-256"])
    assert facts["Edge against cloud"]["drawn"] == "500 times, seed 3"
    assert facts["Edge against cloud"]["computed again for this report"] == "the same figures"
    assert "tensorflow" in facts["Conversion"]["versions"]


def test_the_same_inputs_give_the_same_bytes(inputs: Inputs, written: Path, tmp_path: Path) -> None:
    again = make_report(inputs.all, tmp_path / "again.html")
    assert again.path.read_bytes() == written.read_bytes()


def test_markdown_says_the_same_and_its_pictures_lie_beside_it(inputs: Inputs, tmp_path: Path) -> None:
    report = make_report(inputs.all, tmp_path / "report.md", format="md")
    text = report.path.read_text(encoding="utf-8")
    assert text.startswith("# virtual-m4 against") and "**SIMULATED**" in text.splitlines()[0]
    linked = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert {tmp_path / name for name in linked} == set(report.pictures)
    assert all(path.is_file() for path in report.pictures)
    cited = set(re.findall(r"\[\^(\d+)\](?!:)", text))
    assert len(cited) > 10
    assert cited <= set(re.findall(r"^\[\^(\d+)\]:", text, re.MULTILINE))


def test_json_is_what_the_schema_says(inputs: Inputs, tmp_path: Path) -> None:
    printed = command("report", inputs.published, "-o", tmp_path / "r.html", "--json", "-q")
    document = json.loads(printed)
    schema = json.loads((SCHEMAS / "report.v1.schema.json").read_text())
    jsonschema.validate(document, schema)
    data = (tmp_path / "r.html").read_bytes()
    assert document["sha256"] == hashlib.sha256(data).hexdigest()
    assert document["answers"][0]["verdict"] == "edge saves"


@pytest.fixture(scope="module")
def hostile(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("hostile")
    for name in ("simulated", "published"):
        shutil.copytree(getattr(inputs, name), folder / name)
    # One whose scenario is computed again, with a name that a shell lets through; one whose document lies.
    compare(
        folder / "published/scenario.toml", "--set", f'edge.name="{_toml(HOSTILE)}"', "-o", folder / "named"
    )
    document = folder / "simulated/comparison.json"
    hostile_document(document, document)
    made = [
        hostile_document(path, folder / f"{path.stem}.json")
        for path in (inputs.conversion, inputs.build, inputs.inspection)
    ]
    made += [hostile_session(folder / "session"), folder / "named", folder / "simulated"]
    return make_page(made, title=HOSTILE)


def _toml(text: str) -> str:
    return json.dumps(text.replace("\0", ""))[1:-1]


def test_hostile_names_stay_text(hostile: Page, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(write_html(hostile), encoding="utf-8")
    root = tree(path)
    assert_harmless(root)
    said = text_of(root)
    assert said.count("<script>alert(1)</script>") > 20
    assert safe_text(HOSTILE.split()[-1]) in said
    assert not re.search("[\0\x1b\u202e\u200f]", path.read_text(encoding="utf-8"))
    for one in named(root, "script"):
        if one.get("type") == "application/json":
            json.loads(one.text or "")


def test_hostile_names_stay_text_in_markdown(hostile: Page) -> None:
    from markdown_it import MarkdownIt

    text = write_markdown(hostile, "report-pictures")
    assert not re.search("[\0\x1b\u202e\u200f]", text)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    root = html5lib.parse(html, namespaceHTMLElements=False)
    assert not named(root, "script")
    assert {one.get("src", "").partition("/")[0] for one in named(root, "img")} == {"report-pictures"}
    assert not [name for _, name, _ in attributes(root) if name.startswith("on")]
    assert not [value for _, name, value in attributes(root) if name == "href" and "javascript" in value]


def test_figures_that_were_changed_have_no_pictures(inputs: Inputs, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(inputs.published, folder)
    document = json.loads((folder / "comparison.json").read_bytes())
    document["differences"][0]["saving"]["nominal"] *= 2
    (folder / "comparison.json").write_text(json.dumps(document))
    section = make_page([folder]).sections[0]
    assert not [block for block in section.blocks if isinstance(block, Picture)]
    assert "gives other figures (differences)" in dict(section.appendix)["computed again for this report"]
    (folder / "scenario.toml").unlink()
    section = make_page([folder]).sections[0]
    assert "cannot be computed again" in dict(section.appendix)["computed again for this report"]


def test_the_trace_keeps_extremes_and_gaps(inputs: Inputs) -> None:
    analysis = reanalyse(open_session(inputs.session))
    made = trace_document(analysis, Pyramid(analysis.trace), simulated=True)
    assert [view[0] for view in made["views"]] == ["Whole session", "Window 1", "First inference"]
    steps = [level["step_s"] for level in made["levels"]]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] == pytest.approx(1e-5), "one inference in every sample"
    for level in made["levels"]:
        least, mean, most = np.frombuffer(base64.b64decode(level["data"]), "<f4").reshape(3, level["rows"])
        known = ~np.isnan(mean)
        assert np.all(least[known] <= mean[known] * (1 + 1e-6)) and np.all(
            mean[known] <= most[known] * (1 + 1e-6)
        )
        assert most[known].max() == pytest.approx(36e-3, rel=0.01)
    (gap,) = made["gaps"]
    assert gap[1] - gap[0] == pytest.approx(20e-5)


def _without(document: Any) -> Iterator[tuple[str, Any]]:
    """Copies of ``document`` in each of which one part is gone, or is something else."""
    for name in document:
        if name not in ("schema", "schema_version"):
            yield f"{name} is a number", {**document, name: 7}
            yield f"no {name}", {key: value for key, value in document.items() if key != name}


@pytest.mark.parametrize("which", ["conversion", "build", "inspection"])
def test_a_document_that_is_not_ours_is_refused_in_words(inputs: Inputs, tmp_path: Path, which: str) -> None:
    """Whatever part is missing or another, there is a page or a refusal, and no crash."""
    document, path = json.loads(getattr(inputs, which).read_bytes()), tmp_path / "x.json"
    refused = 0
    for what, changed in _without(document):
        path.write_text(json.dumps(changed))
        try:
            make_page([path])
        except InputError as error:
            assert error.code == "REPORT_INPUT", what
            refused += 1
    assert refused > 5


def test_a_comparison_that_is_not_ours_is_refused_in_words(inputs: Inputs, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    document = json.loads((inputs.published / "comparison.json").read_bytes())
    for name in ("words", "policies", "differences", "parameters", "provenance", "gaps", "notes", "column"):
        (tmp_path / "c/comparison.json").write_text(json.dumps({**document, name: 7}))
        with pytest.raises(InputError) as refused:
            make_page([tmp_path / "c"])
        assert refused.value.code == "REPORT_INPUT", name


def test_what_is_no_input_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.json").write_text("{")
    (tmp_path / "other.json").write_text('{"schema": "tinykit.run", "schema_version": 2}')
    for name in ("folder", "text.json", "other.json", "nothing"):
        with pytest.raises(InputError) as refused:
            make_page([tmp_path / name])
        assert refused.value.code == "REPORT_INPUT", name
        assert refused.value.hint
    with pytest.raises(UsageError):
        make_report([], tmp_path / "x.html")
    with pytest.raises(OutputError):
        make_report([inputs.conversion], tmp_path / "text.json" / "x.html")


def test_a_session_that_was_changed_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(inputs.session, folder)
    path = folder / "energy.json"
    path.write_text(path.read_text().replace('"value"', '"valve"', 1))
    with pytest.raises(RecordingError) as refused:
        make_page([folder])
    assert refused.value.code == "SESSION_DAMAGED"


def test_a_number_without_a_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind of number"):
        Number("1 J", "guessed")  # type: ignore[arg-type]
