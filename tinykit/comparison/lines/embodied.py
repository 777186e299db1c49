"""Hardware and training, spread over the service they give: grams, litres and money beside the joules.

The energy column holds what is drawn in service and in training. What a factory burnt to make a thing is no
joule of that kind and is in no line of it; it is in the grams.
"""

from __future__ import annotations

from tinykit.comparison.fields import Assumed, Gap, Quantity
from tinykit.comparison.flow import Flow
from tinykit.comparison.ledger import MAKING, Cost, Entry, Sums
from tinykit.comparison.parameters import Array, Values

YEAR_D = 365.25
_NO_WATER = Gap("no figure for water of making it")
_SUNK = "the models are there, whatever is decided"

FIELDS = (
    Quantity(
        "device.life_years",
        "year",
        "Years that the device is in service.",
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
        Assumed(
            85.0,
            0.0,
            170.0,
            "rectangular",
            "from nothing to a processor's 170 g (tinyml.component.processing, Prakash et al. CACM 2023)",
        ),
        least=float("-inf"),
    ),
    Quantity("edge.embodied_l", "L", "Attributional: water of making the device that infers.", _NO_WATER),
    Quantity("node.embodied_l", "L", "Attributional: water of making a node that only sends.", _NO_WATER),
    Quantity(
        "edge.increment_l",
        "L",
        "Consequential: water of what inferring adds to a node that sends.",
        _NO_WATER,
        least=float("-inf"),
    ),
    Quantity("edge.price_usd", "USD", "The device that infers, bought.", Gap("no price was given")),
    Quantity("node.price_usd", "USD", "A node that only sends, bought.", Gap("no price was given")),
    Quantity(
        "edge.training_j",
        "J",
        "Attributional: training and retraining of the edge's model, in its lifetime.",
        Gap("nobody metered it"),
    ),
    Quantity("cloud.training_j", "J", "Attributional: of the cloud's model.", Gap("nobody metered it")),
    Quantity(
        "edge.training_ahead_j",
        "J",
        "Consequential: training that this decision would cause; what is trained already is sunk.",
        Assumed(0.0, note=_SUNK),
    ),
    Quantity("cloud.training_ahead_j", "J", "Consequential: of the cloud's model.", Assumed(0.0, note=_SUNK)),
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
    """Attributional: the policy's own device. Consequential: what the device that infers costs more."""
    mine = "node" if f.policy == "cloud" else "edge"
    price = v.maybe(f"{mine}.price_usd")
    if v.word("stance") == "attributional":
        grams, litres = v.maybe(f"{mine}.embodied_g"), v.maybe(f"{mine}.embodied_l")
    elif f.policy == "cloud":
        return None
    else:
        grams, litres, plain = (
            v.maybe("edge.increment_g"),
            v.maybe("edge.increment_l"),
            v.maybe("node.price_usd"),
        )
        price = None if price is None or plain is None else price - plain
    days = v["device.life_years"] * YEAR_D
    return Cost(0.0, *(None if one is None else one / days for one in (grams, litres, price)))


def _training_j(v: Values, side: str) -> Array:
    """Attributional: all of it, shared out. Consequential: only what is not done yet."""
    return v[f"{side}.training_j" if v.word("stance") == "attributional" else f"{side}.training_ahead_j"]


def _edge_training(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "cloud":
        return None
    return Cost(_training_j(v, "edge") / (v["edge.devices"] * v["device.life_years"] * YEAR_D))


def _cloud_training(v: Values, f: Flow, _: Sums) -> Cost | None:
    if f.policy == "edge":
        return None
    return Cost(f.cloud_inferences * _training_j(v, "cloud") / v["cloud.inferences_life"])


ENTRIES = (
    Entry(
        "training.edge", "datacentre", "training_j (or training_ahead_j) / (devices x life)", _edge_training
    ),
    Entry(
        "training.cloud",
        "datacentre",
        "cloud inferences x training_j (or training_ahead_j) / inferences of its life",
        _cloud_training,
    ),
    Entry(
        "embodied.device", "none", "embodied_g (or the increment), litres and price / life", _hardware, MAKING
    ),
)
