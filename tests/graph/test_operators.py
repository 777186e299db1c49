"""Names behind a file's numbers."""

from __future__ import annotations

import pytest

from tinykit.graph.operators import (
    activation_name,
    builtin_name,
    enumeration_name,
    padding_name,
    tensor_type_name,
)


def test_names() -> None:
    assert builtin_name(3) == "CONV_2D"
    assert (padding_name(0), padding_name(1)) == ("SAME", "VALID")
    assert activation_name(3) == "RELU6"
    assert tensor_type_name(9) == "int8"
    assert enumeration_name("MirrorPadMode", 1) == "SYMMETRIC"


@pytest.mark.parametrize("code", [-1, 100_000])
def test_an_unknown_operator_has_no_name(code: int) -> None:
    assert builtin_name(code) is None


@pytest.mark.parametrize("value", [-1, 2])
def test_an_unknown_member_is_no_other_member(value: int) -> None:
    with pytest.raises(IndexError):
        padding_name(value)
