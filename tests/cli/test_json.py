"""--json: exactly one strict JSON object on stdout, whatever happens."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinykit as package
from tinykit.cli.common import Output, strict_json


def strict(text):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


SCHEMAS = Path(package.__file__).parent / "data" / "schemas"


def schema_of(name):
    return json.loads((SCHEMAS / f"{name}.v1.schema.json").read_text(encoding="utf-8"))


def test_one_object_on_stdout_and_the_rest_on_stderr(tinykit, plugin):
    ran = tinykit("t-good", "--json")
    assert ran.code == 0
    document = strict(ran.out)
    assert document["value"] == [None, None, [1, 2], None, "→"]
    assert "Working" in ran.err
    assert "warning [ODD] something odd" in ran.err
    assert "hint: look at it" in ran.err


@pytest.mark.parametrize(
    "words", [["--json", "t-good"], ["t-good", "--json"], ["--json", "t-good", "--json"]]
)
def test_json_before_and_behind_the_command(tinykit, plugin, words):
    assert strict(tinykit(*words).out)["schema"] == "test.document"


def test_quiet_leaves_warnings_only(tinykit, plugin):
    ran = tinykit("t-good", "--json", "-q")
    assert "Working" not in ran.err
    assert "warning [ODD]" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (["t-model"], 3, "MODEL_TRUNCATED"),
        (["t-device"], 5, "DEVICE"),
        (["t-extra"], 2, "MISSING_EXTRA"),
        (["t-crash"], 1, "INTERNAL"),
        (["t-unserialisable"], 1, "INTERNAL"),
        (["t-twice"], 1, "INTERNAL"),
        (["nonsense"], 2, "USAGE"),
        (["doctor", "--nonsense"], 2, "USAGE"),
        (["completion", "tcsh"], 2, "USAGE"),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_a_failure_is_one_object_too(tinykit, plugin, words, code, name, before):
    ran = tinykit("--json", *words) if before else tinykit(*words, "--json")
    assert ran.code == code
    document = strict(ran.out)
    jsonschema.validate(document, schema_of("error"))
    assert document["schema"] == "tinykit.error"
    assert document["error"]["code"] == name
    assert document["error"]["hint"]


def test_a_failed_gate_keeps_its_figures(tinykit, plugin):
    ran = tinykit("t-gate", "--json")
    assert ran.code == 4
    document = strict(ran.out)
    assert (document["schema"], document["drop"]) == ("test.document", 0.02)
    assert document["error"]["code"] == "GATE"


def test_a_crash_drops_the_document_it_contradicts(tinykit, plugin):
    document = strict(tinykit("t-crash-after", "--json").out)
    assert document["schema"] == "tinykit.error"


def test_json_behind_two_dashes_is_not_an_option(tinykit):
    ran = tinykit("doctor", "--", "--json")
    assert ran.code == 2
    assert ran.out == ""


def test_without_json_the_result_is_for_people(tinykit, plugin):
    assert tinykit("t-good").out == "value → 1\n"


def test_a_document_names_its_schema():
    with pytest.raises(RuntimeError, match="schema"):
        Output().emit({"value": 1}, lambda console: None)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(values)
def test_every_plain_value_becomes_strict_json(value):
    text = json.dumps(strict_json(value), allow_nan=False)
    assert text.isascii()
    assert strict(text) == json.loads(json.dumps(strict_json(value)))


def test_numpy_numbers_must_be_made_plain_first():
    import numpy as np

    assert strict_json(np.float64("nan")) is None
    with pytest.raises(TypeError, match="int64"):
        strict_json({"n": np.int64(1)})


def test_keys_are_text():
    with pytest.raises(TypeError, match="keys"):
        strict_json({1: 2})


@pytest.mark.parametrize(("words", "name"), [([], "commands"), (["completion", "zsh"], "completion")])
def test_the_frames_own_documents_follow_their_schemas(tinykit, words, name):
    jsonschema.validate(strict(tinykit(*words, "--json").out), schema_of(name))


@pytest.mark.parametrize("path", sorted(SCHEMAS.iterdir()), ids=lambda path: path.name)
def test_every_schema_is_sound_and_names_its_document(path):
    name, version, *rest = path.name.split(".")
    assert rest == ["schema", "json"]
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"] == {"const": f"tinykit.{name}"}
    assert schema["properties"]["schema_version"] == {"const": int(version.removeprefix("v"))}


def test_every_document_of_the_package_has_a_schema():
    sources = [path.read_text(encoding="utf-8") for path in SCHEMAS.parent.parent.rglob("*.py")]
    names = {
        name for text in sources for name in re.findall(r'(?:"schema": |SCHEMA = )"tinykit\.(\w+)"', text)
    }
    assert {"error", "doctor", "commands", "completion"} <= names
    assert names == {path.name.split(".")[0] for path in SCHEMAS.iterdir()}
