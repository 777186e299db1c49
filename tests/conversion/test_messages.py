"""What parent and child say survives the line between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tinykit.conversion.messages import (
    Convert,
    Converted,
    Evaluate,
    Evaluated,
    Facts,
    Failed,
    LayerSpec,
    Stage,
    Step,
    TensorSpec,
    from_line,
    to_line,
)

texts = st.text(max_size=20)
tensors = st.builds(TensorSpec, texts, texts, st.lists(st.none() | st.integers(0, 9), max_size=4).map(tuple))
messages = st.one_of(
    st.builds(
        Facts,
        st.lists(tensors, max_size=2).map(tuple),
        st.lists(tensors, max_size=2).map(tuple),
        st.lists(st.builds(LayerSpec, texts, texts, texts), max_size=2).map(tuple),
        st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    ),
    st.builds(Convert, texts, texts, texts, texts),
    st.just(Converted()),
    st.builds(Evaluate, texts, texts),
    st.just(Evaluated()),
    st.builds(Stage, texts, st.none() | st.integers(0, 10**9)),
    st.builds(Step, st.integers(0, 10**9)),
    st.builds(Failed, texts, texts, texts, texts),
)


@given(messages)
def test_a_message_is_one_line_and_comes_back_equal(message) -> None:
    line = to_line(message)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert from_line(line) == message
