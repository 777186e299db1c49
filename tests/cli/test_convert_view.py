"""How a conversion reads."""

from __future__ import annotations

from tinykit.cli.convert_view import share


def test_a_model_that_does_not_shrink_is_not_called_a_share_of_itself() -> None:
    assert share(1000, 390) == "39%"
    for after in (1000, 1013):
        assert "%" not in share(1000, after)
        assert "no smaller" in share(1000, after)
