"""Hardware and training, spread over the service they give: grams beside the joules, on both sides."""

from __future__ import annotations

from tinykit.comparison.fields import Assumed, Cited, Gap, Quantity
from tinykit.comparison.flow import Flow
from tinykit.comparison.ledger import Cost, Entry, Sums
from tinykit.comparison.parameters import Values

YEAR_D = 365.25

FIELDS = (
    Quantity(
        "device.life_years",
        "year",
        "Of the device.",
        Assumed(3.0, note="a choice of the scenario"),
        least=0.01,
        design=True,
    ),
    Quantity(
        "edge.embodied_g", "g", "Attributional: the device that infers, whole.", Gap("no hardware is named")
    ),
    Quantity(
        "node.embodied_g", "g", "Attributional: a node that only sends, whole.", Gap("no hardware is named")
    ),
    Quantity(
        "edge.increment_g",
        "g",
        "Consequential: what inferring adds to a node that sends; negative where it takes something away.",
        Cited("tinyml.component.processing", note="at most a processor's worth"),
        least=float("-inf"),
    ),
    Quantity(
        "edge.training_j",
        "J",
        "Training and retraining of the edge's model, in its lifetime.",
        Gap("nobody metered it"),
    ),
    Quantity("cloud.training_j", "J", "Of the cloud's model.", Gap("nobody metered it")),
    Quantity(
        "edge.devices",
        "1",
        "Devices that share the edge's training.",
        Assumed(1000, note="a choice"),
        least=1,
        design=True,
    ),
    Quantity(
        "cloud.inferences_life",
        "1",
        "Inferences that share the cloud's training.",
        Assumed(1e9, note="a choice"),
        least=1,
        design=True,
    ),
)


def _hardware(v: Values, f: Flow, _: Sums) -> Cost | None:
    if v.word("stance") == "attributional":
        grams = v.maybe("node.embodied_g" if f.policy == "cloud" else "edge.embodied_g")
    elif f.policy == "cloud":
        return None
    else:
        grams = v.maybe("edge.increment_g")
    return Cost(carbon_g=None if grams is None else grams / (v["device.life_years"] * YEAR_D))


def _edge_training(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "cloud":
        return None
    return Cost(v["edge.training_j"] / (v["edge.devices"] * v["device.life_years"] * YEAR_D))


def _cloud_training(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge":
        return None
    return Cost(f.cloud_inferences * v["cloud.training_j"] / v["cloud.inferences_life"])


ENTRIES = (
    Entry("training.edge", "datacentre", "training_j / (devices x life)", _edge_training),
    Entry(
        "training.cloud",
        "datacentre",
        "cloud inferences x training_j / inferences of its life",
        _cloud_training,
    ),
    Entry("embodied.device", "none", "embodied_g (or the increment) / life", _hardware),
)
