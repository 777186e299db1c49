"""The device beside its radio: sensing, preparing, waking, inferring, sleeping."""

from __future__ import annotations

import numpy as np

from tinykit.comparison.fields import Assumed, Cited, Gap, Quantity, Word
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.ledger import Cost, Entry, Sums
from tinykit.comparison.parameters import Array, Values

FIELDS = (
    Word("edge.name", "The device that infers.", "unnamed"),
    Word(
        "device.name",
        "The device whose sleep, boot and sensing these are; else that of edge.name.",
        "unnamed",
    ),
    Quantity(
        "edge.inference_j", "J", "One inference.", Gap("the edge's joules: a session, a board, a model")
    ),
    Quantity(
        "edge.inference_s",
        "s",
        "How long it takes.",
        Assumed(0.1, note="for latency, sleep, and what fits into a day"),
    ),
    Quantity(
        "edge.preprocess_j",
        "J",
        "Log-mel, resize: what the model's input takes.",
        Gap("pre-processing on the device was not measured"),
    ),
    Quantity("edge.recall", "1", "Recall, or accuracy, of the edge's model.", Gap("not stated"), most=1.0),
    Quantity("edge.false_alarms_per_day", "1/day", "Of the edge's model.", Gap("not stated")),
    Quantity("device.sense_j", "J", "The sensor, an input.", Gap("the sensor was not measured")),
    Quantity(
        "device.prepare_j",
        "J",
        "To make of an input what is sent up raw: log-mel, or a JPEG.",
        Gap("preparing an input for sending was not measured"),
    ),
    Quantity(
        "device.compress_j",
        "J",
        "To compress it further.",
        Gap("compression on the device was not measured"),
    ),
    Quantity(
        "device.boot_j",
        "J",
        "Waking and booting, each time.",
        Cited("boot.esp32"),
    ),
    Quantity("device.boot_s", "s", "How long that takes.", Assumed(0.1, note="used for latency alone")),
    Quantity(
        "device.sleep_w",
        "W",
        "Asleep, or idle between the hops of a stream.",
        Gap("sleep power was not measured"),
    ),
    Quantity(
        "device.heartbeats_per_day",
        "1/day",
        "Messages that say it lives.",
        Assumed(0.0, note="none"),
        design=True,
    ),
    Quantity(
        "device.heartbeat_bytes",
        "B",
        "One of them.",
        Assumed(32, note="a choice of the scenario"),
        design=True,
    ),
    Quantity(
        "device.ota_bytes_per_year", "B/year", "Updates over the air.", Assumed(0.0, note="none"), design=True
    ),
)


def _wakes(v: Values, f: Flow) -> Array:
    """Boots a day: one a decision and one a heartbeat, less those inside a connection's figure.

    A stream, or a radio that stays on, never boots.
    """
    if v.word("service.rhythm") == "always-on" or f.hand.mode == "associated":
        return 0.0 * f.decisions
    wakes = f.decisions + f.heartbeats
    return np.maximum(wakes - f.connections, 0.0) if v.word("radio.holds_boot") == "yes" else wakes


def _prepare(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if f.policy == "edge" else Cost(f.uploads * v["device.prepare_j"])


def _sleep(v: Values, f: Flow, _: Sums) -> Cost | None:
    """What is not inference, whose joules are whole."""
    awake_s = f.edge_inferences * v["edge.inference_s"]
    return Cost(np.maximum(DAY_S - awake_s, 0.0) * v["device.sleep_w"])


def _infer(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if f.policy == "cloud" else Cost(f.edge_inferences * v["edge.inference_j"])


def _preprocess(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if f.policy == "cloud" else Cost(f.edge_inferences * v["edge.preprocess_j"])


def _compress(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge" or f.hand.payload != "compressed":
        return None
    return Cost(f.uploads * v["device.compress_j"])


ENTRIES = (
    Entry(
        "device.sense",
        "device",
        "decisions x sense_j",
        lambda v, f, _: Cost(f.decisions * v["device.sense_j"]),
    ),
    Entry("device.preprocess", "device", "edge inferences x preprocess_j", _preprocess),
    Entry("device.prepare", "device", "uploads x prepare_j", _prepare),
    Entry("device.compress", "device", "uploads x compress_j", _compress),
    Entry(
        "device.boot",
        "device",
        "wake-ups, less those inside a connection's figure, x boot_j",
        lambda v, f, _: Cost(_wakes(v, f) * v["device.boot_j"]),
    ),
    Entry("device.inference", "device", "edge inferences x inference_j", _infer),
    Entry("device.sleep", "device", "(86,400 s - edge inferences x inference_s) x sleep_w", _sleep),
)
