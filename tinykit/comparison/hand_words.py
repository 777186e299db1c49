"""A hand in words: the settings that a side chose, as the terminal and the report tell them."""

from __future__ import annotations

from collections.abc import Mapping

from tinykit.comparison.flow import Hand
from tinykit.comparison.lines.gateway import GATEWAY

TIERS: Mapping[str, str] = {
    "shared": "a shared server",
    "autoscaled": "a server scaled to the load",
    "dedicated": "a server of its own",
    "cpu": "a CPU server",
    GATEWAY: "the gateway",
}


def settings(hand: Hand, policy: str, words: Mapping[str, str]) -> str:
    """``hand`` as ``policy`` plays it under the scenario's ``words``: ``connects for every message, ...``.

    Of a stored document: ``settings(Hand(**policies[name]["hand"]), name, document["words"])``.
    """
    if hand.mode == "associated":
        saves = f" ({words['radio.power_save']})" if words.get("radio.kind") == "wifi" else ""
        said = [f"stays connected{saves}"]
    elif hand.batch > 1:
        said = [f"connects for every {hand.batch} messages"]
    else:
        said = ["connects for every message"]
    if policy != "edge":
        said += [f"sends inputs {hand.payload}", f"asks {TIERS.get(hand.tier, hand.tier)}"]
    elif hand.tier == GATEWAY:
        said.append("reports to the gateway")
    return ", ".join(said)


def parse_hand(text: str) -> Hand:
    """The hand that ``str(hand)`` wrote, which is how ``sweep.csv`` holds it. Raises ValueError."""
    mode, batch, payload, tier = text.split(", ")
    return Hand(mode, int(batch.split()[0]), payload, tier)  # type: ignore[arg-type]
