"""The error tree: exit codes as documented, stable codes, a hint on everything."""

import inspect
import re

import pytest

from tinykit import errors
from tinykit.errors import MissingExtraError, ModelError, TinykitError

CLASSES = [item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, TinykitError)]
EXITS = {
    "TinykitError": 1,
    "UsageError": 2,
    "MissingExtraError": 2,
    "InputError": 3,
    "ModelError": 3,
    "DatasetError": 3,
    "RecordingError": 3,
    "ConfigError": 3,
    "OutputError": 3,
    "ConversionError": 3,
    "BuildError": 3,
    "GateError": 4,
    "DeviceError": 5,
    "MeterError": 5,
}


@pytest.mark.parametrize(("name", "code"), EXITS.items())
def test_exit_codes(name, code):
    assert getattr(errors, name).exit_code == code


def test_no_class_is_left_out():
    assert {item.__name__ for item in CLASSES} == EXITS.keys()


def test_codes_are_unique_upper_case_words():
    codes = [item.code for item in CLASSES]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[A-Z][A-Z_]*", code) for code in codes)


def test_the_drawn_tree_is_the_tree():
    """Names and exit codes in the docstring, in its order, are those of the classes."""
    drawn = re.findall(r"(\w+Error) +exit (\d)", errors.__doc__)
    assert {name: int(code) for name, code in drawn} == EXITS
    depth = {
        name: len(line) - len(line.lstrip(" │├└─"))
        for line in errors.__doc__.splitlines()
        for name in re.findall(r"(\w+Error) +exit", line)
    }
    for item in CLASSES:
        if item is not TinykitError:
            assert depth[item.__name__] > depth[item.__base__.__name__]


def test_an_error_says_what_and_the_way_out():
    error = ModelError("m.tflite is empty.", hint="Copy it again.", code="MODEL_EMPTY")
    assert (error.message, error.hint, error.code) == ("m.tflite is empty.", "Copy it again.", "MODEL_EMPTY")
    assert str(error) == "m.tflite is empty. Hint: Copy it again."
    assert ModelError("x", hint="y").code == "MODEL"


def test_a_missing_extra_names_the_command_that_brings_it():
    error = MissingExtraError("TensorFlow", "convert")
    assert error.hint == "pip install 'tinykit[convert]' brings it."
    assert error.extra == "convert"


def test_the_hint_is_not_optional():
    with pytest.raises(TypeError):
        ModelError("m.tflite is empty.")
