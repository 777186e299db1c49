"""What is asked of the device in a day: the functional unit, and the stance that binds both sides."""

from __future__ import annotations

from tinykit.comparison.fields import STANCES, Assumed, Gap, Quantity, Word
from tinykit.comparison.flow import Flow
from tinykit.comparison.ledger import Cost, Entry, Sums
from tinykit.comparison.parameters import Values

_CHOICE = "a choice of the scenario"

FIELDS = (
    Word("stance", "Averages and allocated hardware, or marginals and increments.", "attributional", STANCES),
    Word(
        "service.task", "What both sides do; the same word on both, or the comparison is refused.", "unnamed"
    ),
    Word(
        "service.rhythm",
        "events: the device sleeps in between. always-on: the stream never pauses, and its hop is the rate.",
        "events",
        ("events", "always-on"),
    ),
    Quantity(
        "service.events_per_day",
        "1/day",
        "Decisions a device makes in a day.",
        Assumed(1440, note=f"{_CHOICE}: one a minute"),
        design=True,
    ),
    Quantity(
        "service.report_share",
        "1",
        "Share of the decisions that are reported.",
        Assumed(0.01, note=_CHOICE),
        most=1.0,
        design=True,
    ),
    Quantity(
        "hybrid.share",
        "1",
        "Share of the inputs that the hybrid sends up; else as reported.",
        Assumed(0.01, note=_CHOICE),
        most=1.0,
        design=True,
    ),
    Quantity(
        "hybrid.recall",
        "1",
        "Recall, or accuracy, of both together; see --cloud-outputs.",
        Gap("not stated"),
        most=1.0,
    ),
    Quantity("hybrid.false_alarms_per_day", "1/day", "Of both together.", Gap("not stated")),
    Quantity(
        "service.payload_bytes",
        "B",
        "An input, as a node without a model sends it.",
        Assumed(3000, note=f"{_CHOICE}: a small JPEG, or a second of log-mel features"),
        design=True,
    ),
    Quantity(
        "service.compression",
        "1",
        "Size of the compressed payload by the raw one; 1 where there is no compressed form.",
        Assumed(1.0, note=f"{_CHOICE}: the payload is compressed already"),
        most=1.0,
        design=True,
    ),
    Quantity("service.report_bytes", "B", "A report of the edge.", Assumed(32, note=_CHOICE), design=True),
    Quantity("service.answer_bytes", "B", "The cloud's answer.", Assumed(32, note=_CHOICE), design=True),
    Quantity(
        "service.latency_s",
        "s",
        "From an event to its decision, at most.",
        Assumed(10.0, note=_CHOICE),
        design=True,
    ),
    Quantity(
        "service.recall_least",
        "1",
        "Recall, or accuracy, at least: policies below it are infeasible.",
        Gap("no accuracy is asked for"),
        most=1.0,
        design=True,
    ),
    Quantity(
        "service.false_alarms_per_day_most",
        "1/day",
        "False alarms a day, at most: policies above it are infeasible.",
        Gap("no bound is asked for"),
        design=True,
    ),
    Quantity(
        "service.miss_usd", "USD", "What a missed event costs.", Gap("nobody prices a miss"), design=True
    ),
    Quantity(
        "service.true_events_per_day",
        "1/day",
        "Events that are there to be found.",
        Gap("unknown"),
        design=True,
    ),
)


def _misses(v: Values, f: Flow, _: Sums) -> Cost | None:
    """Only where the user prices a miss: nobody else can."""
    recall = {"edge": "edge.recall", "cloud": "cloud.recall", "hybrid": "hybrid.recall"}[f.policy]
    if not (v.has("service.miss_usd") and v.has("service.true_events_per_day")):
        return None
    share = v.maybe(recall)
    if share is None:
        return Cost(money_usd=None)
    return Cost(money_usd=v["service.true_events_per_day"] * (1.0 - share) * v["service.miss_usd"])


ENTRIES = (Entry("service.misses", "none", "true events x (1 - recall) x miss_usd", _misses, ("money_usd",)),)
