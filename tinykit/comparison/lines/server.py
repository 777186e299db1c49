"""Where the cloud's inference runs and what one costs there: a published server, a session, an endpoint.

A replica is measured at one operating point: P watts at r inferences a second (single-stream, or under a
server's latency bound; offline is a floor that breaks the bound). Above the floor F an inference costs
``(P - F)/r``. A session of one's own machine, or an endpoint's joules a request, stands in that place.
"""

from __future__ import annotations

import numpy as np

from tinykit.comparison import llm
from tinykit.comparison.fields import Assumed, Chooser, Cited, Default, Gap, Quantity, Word, Words
from tinykit.comparison.lines.gateway import GATEWAY
from tinykit.comparison.parameters import Array, Derived, Values
from tinykit.comparison.servers import POINTS, SERVERS, floor, point_figure, published_point

CASES = ("shared", "autoscaled", "dedicated", GATEWAY, "cpu", "best")
SERVER, SESSION = "server", "session"
INFERRING = frozenset({"cloud.accelerator", "cloud.idle", "gateway.inference", "gateway.idle"})
"""The lines that a tier must have figures of to be the best of several."""
_RENT = {"a10": "aws.g5.xlarge", "l4": "aws.g6.xlarge", "a100": "aws.p4d.24xlarge", "h100": "aws.p5.48xlarge"}
_MADE = {"a10": "g5.xlarge.boavizta", "a100": "p4d.24xlarge.boavizta", "h100": "p5.48xlarge.boavizta"}
_HAS = {
    "g5.xlarge": "one A10G, a share of its host",
    "g6.xlarge": "one L4, a share of its host",
    "p4d.24xlarge": "eight A100 SXM",
    "p5.48xlarge": "eight H100 SXM",
}
"""What the rented machines are, by AWS's lists of instance types: seldom those that were metered."""
_COVERS = (("chat.", "gpu"), ("aies.", "gpu"), ("claim.gemini-median-text-prompt", "facility"))
"""By how their keys begin, what the notes of the catalogue's requests say that their joules cover."""
UNKNOWN = "unknown"
WHOLE = ("wall", "facility", UNKNOWN)
"""Boundaries on which no host is put: it is in them, or nobody knows whether it is."""
_CLOSED = ("facility", UNKNOWN)
"""Boundaries on which no idle reserve and no PUE is put."""
_NOBODY = "the source does not say what the joules cover: nothing is put on them"
_TRAVELS = "another model, input, driver or hall than the published run's: a factor of two"


def is_request(endpoint: str) -> bool:
    """Whether ``cloud.endpoint`` is somebody's service, known by the request, and no machine."""
    return endpoint not in (SERVER, SESSION)


def _machine(published: Chooser) -> Chooser:
    """A figure of the named server; nobody has one of a CPU's, of an endpoint's or of a session's machine."""

    def choose(words: Words) -> Default:
        if is_request(words["cloud.endpoint"]):
            return Gap("an endpoint is known by its requests alone")
        if words["cloud.endpoint"] == SESSION:
            return Gap("the session has what was measured")
        if words["cloud.case"] == "cpu":
            return Gap("nobody published a CPU server's: --cloud SESSION, or give it")
        return published(words)

    return choose


def _point(what: str) -> Chooser:
    return _machine(
        lambda w: point_figure(SERVERS[w["cloud.accelerator"]], w["cloud.workload"], w["cloud.point"], what)
    )


def _endpoint(words: Words) -> Default:
    endpoint = words["cloud.endpoint"]
    if not is_request(endpoint) or endpoint.startswith(llm.ECOLOGITS):
        return Gap("follows from the operating point, or from the tokens")
    return Cited(llm.at_batch(endpoint, words["cloud.batch"]))


def _boundary(words: Words) -> str:
    endpoint = words["cloud.endpoint"]
    if not is_request(endpoint) or endpoint.startswith(llm.ECOLOGITS):
        return "wall"
    return next((covers for begins, covers in _COVERS if endpoint.startswith(begins)), UNKNOWN)


def beyond(boundary: str, known: str) -> str:
    """Why nothing is put on joules of ``boundary``: ``known``, or that nobody knows."""
    return _NOBODY if boundary == UNKNOWN else known


def is_closed(boundary: str) -> bool:
    """Whether neither idle reserve nor PUE is put on joules of ``boundary``."""
    return boundary in _CLOSED


def _host(words: Words) -> Default:
    """On a figure of parts of a machine, visibly; 1 on one by the wall."""
    if words["cloud.boundary"] in WHOLE:
        return Assumed(1.0, note=beyond(words["cloud.boundary"], "by the wall already"))
    what = "accelerators to their hosts; stands in for a package to the wall"
    return Cited("multiplier.host", note=what if words["cloud.boundary"] == "package" else "")


def _reserve(words: Words) -> Default:
    if is_request(words["cloud.endpoint"]) and not is_closed(words["cloud.boundary"]):
        return Cited("multiplier.idle_reserve")
    return Assumed(1.0, note=beyond(words["cloud.boundary"], "the floor says it, or the claim holds it"))


def _named(table: dict[str, str], prefix: str, what: str) -> Chooser:
    def choose(words: Words) -> Default:
        name = table.get(words["cloud.accelerator"])
        if words["cloud.endpoint"] != SERVER or words["cloud.case"] == "cpu" or name is None:
            return Gap(f"no {what} in the catalogue for this server")
        instance = name.removeprefix("aws.").removesuffix(".boavizta")
        stands_in = f"AWS {instance} ({_HAS[instance]}) stands in for {SERVERS[words['cloud.accelerator']]}"
        return Cited(f"{prefix}.{name}", note=stands_in)

    return choose


FIELDS = (
    Word(
        "cloud.case",
        "Where it infers: on a server shared by many, scaled to the load, or this service's own; a gateway on"
        " the premises; a CPU server; or the best of these.",
        "shared",
        CASES,
    ),
    Word(
        "cloud.endpoint",
        "server; session; a row of the catalogue in joules a request (an LLM); ecologits:PROVIDER/MODEL.",
        SERVER,
    ),
    Word("cloud.accelerator", "Which server.", "a10", tuple(SERVERS)),
    Word("cloud.workload", "Which published model stands for the cloud's.", "resnet50"),
    Word("cloud.batch", "Inputs at a time: 1; a number; any: what was published.", "any"),
    Word(
        "cloud.point",
        "Its operating point; offline is a floor alone: it breaks a latency bound.",
        lambda w: published_point(
            SERVERS[w["cloud.accelerator"]], w["cloud.workload"], w["cloud.batch"], w["cloud.case"]
        ),
        POINTS,
    ),
    Word(
        "cloud.boundary",
        "What the joules cover: the facility, the machine by the wall, its package, its gpu; unknown where"
        " the source does not say, and nothing is put on them.",
        _boundary,
        ("facility", "wall", "package", "gpu", UNKNOWN),
    ),
    Word("cloud.task", "What the cloud's model does; else as service.task.", "same"),
    Quantity("cloud.power_w", "W", "The server at its operating point, by the wall.", _point("power")),
    Quantity("cloud.busy_s", "s", "An inference there: 1/r.", _point("time"), least=1e-9),
    Quantity(
        "cloud.floor_w",
        "W",
        "The server that waits, software loaded.",
        _machine(lambda w: floor(SERVERS[w["cloud.accelerator"]])),
    ),
    Quantity(
        "cloud.inference_j", "J", "An inference or request, where it is known without a point.", _endpoint
    ),
    Quantity(
        "cloud.travel", "1", "How well a published point serves here.", Assumed(1.0, 0.5, 2.0, note=_TRAVELS)
    ),
    Quantity(
        "cloud.token_j",
        "J",
        "An output token of an LLM.",
        lambda w: llm.token(w["cloud.endpoint"], w["cloud.batch"]),
    ),
    Quantity(
        "cloud.first_token_j",
        "J",
        "A request of an LLM before its output.",
        lambda w: llm.first_token(w["cloud.endpoint"], w["cloud.batch"]),
    ),
    Quantity(
        "cloud.token_s",
        "s",
        "An output token of an LLM, for latency.",
        lambda w: llm.token_time(w["cloud.endpoint"], w["cloud.batch"]),
    ),
    Quantity(
        "cloud.first_token_s",
        "s",
        "An LLM's time before its output, for latency.",
        lambda w: llm.first_token_time(w["cloud.endpoint"], w["cloud.batch"]),
    ),
    Quantity(
        "cloud.output_tokens",
        "1",
        "Of an answer, where the LLM is modelled by the token.",
        Assumed(400, note="a choice of the scenario"),
        design=True,
    ),
    Quantity("cloud.host", "1", "The machine by the part that was metered.", _host, least=1.0),
    Quantity(
        "cloud.idle_reserve",
        "1",
        "Idle reserve of an endpoint, by what it serves.",
        _reserve,
        least=1.0,
    ),
    Quantity("cloud.usd_per_s", "USD/s", "Renting the server.", _named(_RENT, "price", "price")),
    Quantity("cloud.embodied_g", "g", "Making the server.", _named(_MADE, "server", "footprint")),
    Quantity("cloud.embodied_l", "L", "Water of making the server.", Gap("no figure for this water")),
)


def _busy_j(v: Values) -> Array:
    """An inference above the floor; all of the point's power where no floor is known."""
    if v.has("cloud.inference_j"):
        return v["cloud.inference_j"] * v["cloud.travel"]
    if v.has("cloud.token_j"):
        return (v["cloud.first_token_j"] + v["cloud.token_j"] * v["cloud.output_tokens"]) * v["cloud.travel"]
    waiting = v.maybe("cloud.floor_w")
    above = v["cloud.power_w"] if waiting is None else np.maximum(v["cloud.power_w"] - waiting, 0.0)
    return above * v["cloud.busy_s"] * v["cloud.travel"]


def _answer_s(v: Values) -> Array:
    """Queue and inference; of an LLM modelled by the token, its tokens'. Missing of any other request."""
    if v.has("cloud.inference_s") or not v.has("cloud.token_s"):
        return v["cloud.inference_s"]
    return v["cloud.first_token_s"] + v["cloud.token_s"] * v["cloud.output_tokens"]


DERIVED: dict[str, Derived] = {"cloud.busy_j": _busy_j, "cloud.answer_s": _answer_s}
