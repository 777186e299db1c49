"""A hand in words, of what a stored comparison holds."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tinykit.comparison.flow import Hand
from tinykit.comparison.hand_words import TIERS, parse_hand, settings
from tinykit.comparison.lines.server import CASES

WIFI = {"radio.kind": "wifi", "radio.power_save": "light-sleep-dtim3"}


def test_a_stored_hand_reads_like_the_one_that_was_played() -> None:
    hand = Hand("associated", 1, "raw", "shared")
    assert settings(Hand(**asdict(hand)), "cloud", WIFI) == (
        "stays connected (light-sleep-dtim3), sends inputs raw, asks a shared server"
    )
    assert settings(hand, "edge", {"radio.kind": "lora"}) == "stays connected"
    assert settings(Hand(batch=8), "edge", WIFI) == "connects for every 8 messages"
    assert settings(Hand(tier="gateway"), "edge", WIFI).endswith("reports to the gateway")


def test_every_tier_has_words() -> None:
    assert set(TIERS) >= {case for case in CASES if case != "best"}


def test_a_hand_in_a_sweep_s_csv_is_read_back() -> None:
    hand = Hand("reconnect", 16, "compressed", "gateway")
    assert parse_hand(str(hand)) == hand
    with pytest.raises(ValueError):
        parse_hand("whatever")
