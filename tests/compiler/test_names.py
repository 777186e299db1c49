"""Nothing of a file's text reaches C but what the sanitiser lets through."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from tinykit.compiler.names import MAX_LENGTH, comment, identifier, numbered


@given(st.text())
@example('"; system("x");//')
@example("int")
@example("3 layers/é")
@example("")
def test_an_identifier_is_a_short_c_name(text):
    name = identifier(text)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert len(name) <= MAX_LENGTH + 2


@given(st.text())
@example("*/ int main(void) {")
@example("a\\\nb")
@example("$(rm)")
def test_a_comment_cannot_end_or_continue(text):
    safe = comment(text)
    assert re.fullmatch(r"[A-Za-z0-9 ._:,+?-]*", safe)
    assert len(safe) <= 60


def test_readable_names_stay_readable():
    assert numbered("layer", 3, "Conv2D") == "layer_03_conv2d"
    assert identifier("stream_10/states") == "stream_10_states"


def test_reserved_words_are_no_names():
    assert identifier("while") == "x_while"
