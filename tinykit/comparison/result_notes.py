"""What a comparison's reader must know beside its figures: which devices, which tasks, which doubts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tinykit.comparison.checks import is_reached
from tinykit.comparison.flow import Policy
from tinykit.comparison.hand import Played
from tinykit.comparison.ledger import Column
from tinykit.comparison.lines.gateway import GATEWAY
from tinykit.comparison.lines.run import UNNAMED
from tinykit.comparison.lines.server import UNKNOWN
from tinykit.comparison.llm import ECOLOGITS, WARNS, at_batch
from tinykit.comparison.parameters import Parameter
from tinykit.comparison.resolve import SPREAD_ASSUMED
from tinykit.errors import InputError

_MARKS = {
    "second-hand": "Quoted from somebody who quotes another",
    "recalled": "Written from memory, so look it up before you publish",
}
"""Of the catalogue's marks, those that a footnote must carry."""


_LISTENING = ("kws", "sww", "ad")
"""Tasks of MLPerf Tiny that nothing outside wakes: they listen to a stream all day."""
_PARTS = (
    ("radio", "radio.name", ("radio.connection_j", "radio.setup_w", "radio.tx_w")),
    ("boot", "device.name", ("device.boot_j",)),
    ("sensing", "device.name", ("device.sense_j",)),
    ("sleep", "device.name", ("device.sleep_w",)),
)
"""What must be of one device: the word that names whose it is, and the figures, of which the first counts."""


def refuse_different_tasks(words: Mapping[str, str], place: str) -> None:
    """Raises InputError, code TASKS, where the sides do different things and nobody said so."""
    edge, cloud = tasks(words)
    if UNNAMED not in (edge, cloud) and edge != cloud and words["service.tasks"] == "same":
        raise InputError(
            f"{place}: the edge does {edge} and the cloud {cloud}: joules of different tasks say nothing.",
            hint="compare models of one task; or --set service.tasks=different, and the headline says so.",
            code="TASKS",
        )


def tasks(words: Mapping[str, str]) -> tuple[str, str]:
    """The edge's task and the cloud's; each as the service's where it has no name of its own."""
    edge, cloud = (
        words["service.task"] if words[f"{side}.task"] == "same" else words[f"{side}.task"]
        for side in ("edge", "cloud")
    )
    return edge, cloud


def notes(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """Everything there is to note, a sentence each; ``parameters`` are those that a line was made of."""
    said = (one for say in (_devices, _stand_in, _edge, _device) for one in say(words, parameters))
    return (*said, *_tasks(words), *_warnings(parameters), *_marks(parameters), *_spreads(parameters))


def strangers(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """What is not known to be the device's that infers: its radio, its boot; with whose it is, in words."""
    edge, found = words["edge.name"], []
    for what, key, figures in _PARTS:
        known = (parameters[name] for name in figures if name in parameters)
        one = next((one for one in known if one.estimate is not None and one.nominal), None)
        if edge == UNNAMED or one is None or one.estimate is None:
            continue
        # A session names its board; a published figure beside it is not that board's.
        named = words[key] != UNNAMED and (words["device.source"] == "given" or one.given != "default")
        if named and words[key] != edge:
            found.append(f"{what} of {words[key]}")
        elif not named and one.given == "default":
            found.append(f"{what} of {one.estimate.sources[0].partition(':')[0]}")
    return tuple(found)


def _devices(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> Iterator[str]:
    if found := strangers(words, parameters):
        yield (
            f"Inference of {words['edge.name']}, but {', '.join(found)}: no such device was measured."
            " Where it is one after all, radio.name and device.name say so."
        )


def _tasks(words: Mapping[str, str]) -> Iterator[str]:
    edge, cloud = tasks(words)
    if UNNAMED in (edge, cloud):
        if edge != cloud:
            side, said = ("cloud", edge) if cloud == UNNAMED else ("edge", cloud)
            yield f"The {side}'s task is not stated; the other side does {said}."
    elif edge != cloud:
        yield f"Different tasks, as you said: the edge does {edge}, the cloud {cloud}."
    if edge in _LISTENING and words["service.rhythm"] == "events":
        yield (
            f"The edge's task, {edge}, listens all day, but service.rhythm is events: something wakes it."
            " For a stream of its own: service.rhythm = always-on, and its hops as events_per_day."
        )


def _stand_in(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> Iterator[str]:
    """The cloud's published model is seldom the one that the service would run."""
    edge = "the edge's model" if words["edge.model"] == UNNAMED else words["edge.model"]
    server, gateway = parameters.get("cloud.power_w"), parameters.get("gateway.power_w")
    if server is not None and server.given == "default" and words["edge.model"] != words["cloud.workload"]:
        yield (
            f"The cloud runs {words['cloud.workload']} on {words['cloud.accelerator']}"
            f" ({words['cloud.point']}), and stands in for {edge}."
        )
    if server is not None and server.given == "default" and words["cloud.point"] == "offline":
        yield "An offline point is a floor: it batches without a bound on latency, and no service can."
    if gateway is not None and gateway.given == "default":
        runs = f"{words['gateway.workload']} on {words['gateway.name']}"
        yield f"The gateway runs {runs}, and stands in for {edge}."
    if words["cloud.endpoint"] == "session":
        yield from _measured_cloud(words, parameters, edge)
    elif words["cloud.endpoint"] != "server":
        endpoint = at_batch(words["cloud.endpoint"], words["cloud.batch"])
        yield f"The cloud is {endpoint}, in place of {edge}. {_beyond(words, parameters)}"
        token = parameters.get("cloud.token_j")
        if token is not None and token.estimate is not None:
            said = {source.partition(WARNS)[2] for source in token.estimate.sources} - {""}
            yield from (
                f"ecologits warns of {endpoint.removeprefix(ECOLOGITS)}: {one}" for one in sorted(said)
            )


def _measured_cloud(
    words: Mapping[str, str], parameters: Mapping[str, Parameter], edge: str
) -> Iterator[str]:
    what = f"{words['cloud.source']}; it covers {words['cloud.covers']}"
    yield f"The cloud: {what}. {_beyond(words, parameters)}"
    if words["cloud.accepted"] != "none":
        yield f"The cloud's verdict does not allow its number; accepted: {words['cloud.accepted']}."
    if words["cloud.model"] not in (UNNAMED, words["edge.model"].partition(" ")[0]):
        yield f"The cloud runs {words['cloud.model']}, and stands in for {edge}."


def _beyond(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> str:
    """What the cloud's joules do not cover, and what was put on them."""
    boundary, host = words["cloud.boundary"], parameters.get("cloud.host")
    if boundary == "facility":
        return "Its joules hold the whole facility: neither host nor PUE is put on them."
    if boundary == UNKNOWN:
        return (
            "Its source does not say what its joules cover: host, idle reserve and PUE may be in them or not,"
            " and nothing is put on them. --set cloud.boundary=gpu, wall or facility, where you know."
        )
    if boundary == "wall" and words["cloud.endpoint"].startswith(ECOLOGITS):
        return (
            "Its joules are modelled, and no meter's: GPU energy by a fit to NVML's readings, and a flat"
            " 1.2 kW per 8 GPUs for the rest of the server; what its power supplies lose is in neither."
        )
    if boundary == "wall" or host is None or host.nominal is None:
        return "Its joules are a machine's, by the wall."
    return f"Its joules are the {boundary}'s, not the wall's: cloud.host puts x {host.nominal:.3g} on."


def left_out(words: Mapping[str, str], tiers: Collection[str], cases: Collection[str]) -> Iterator[str]:
    """Tiers that were not searched, for want of figures: a tier is never the best for that."""
    missing = [case for case in cases if case not in (*tiers, "best")]
    if words["cloud.case"] == "best" and GATEWAY in missing and not is_reached(words):
        missing.remove(GATEWAY)
        yield f"Not searched for the best, as a {words['radio.kind']} radio does not reach it: {GATEWAY}."
    if words["cloud.case"] == "best" and missing:
        yield f"Not searched for the best, as nobody has their figures: {', '.join(missing)}."


def unchecked(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> Iterator[str]:
    """A harvester of which nobody said what it gives."""
    if words["supply.kind"] == "harvested" and parameters["supply.harvest_w"].nominal is None:
        yield "Whether the harvester feeds the device was not checked: supply.harvest_w is not known."


def _edge(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> Iterator[str]:
    if words["edge.accepted"] != "none":
        yield f"The session's verdict does not allow its number; accepted: {words['edge.accepted']}."
    about = [
        f"{what} {words[key]}"
        for what, key in (
            ("model", "edge.model"),
            ("firmware", "edge.firmware"),
            ("measured with", "edge.instrument"),
        )
        if words[key] != UNNAMED
    ]
    if about:
        yield f"The edge: {words['edge.source']}; {', '.join(about)}."
    inference = parameters.get("edge.inference_j")
    if inference is not None and (said := _beyond_spread(inference.note)):
        yield f"Of the edge's joules: {said}"


def _device(words: Mapping[str, str], _: Mapping[str, Parameter]) -> Iterator[str]:
    if words["device.source"] != "given":
        yield f"The device's phases: {words['device.source']}."
    if words["device.accepted"] != "none":
        yield f"The phases' verdict does not allow their numbers; accepted: {words['device.accepted']}."


def _spreads(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    """What an interval's reader must know: which figures count as exact, and whose width is ours."""
    exact, ours = [], []
    for key, one in parameters.items():
        if one.estimate is None or one.spec.design or not one.nominal:
            continue
        if one.varies and (one.estimate.kind == "assumed" or one.note.startswith(SPREAD_ASSUMED)):
            ours.append(key)
        elif not one.varies and (one.given == "default" or one.estimate.kind == "published"):
            exact.append(key)
    if exact:
        yield f"No spread stated, drawn as if exact: {', '.join(exact)}."
    if ours:
        yield f"Spread assumed by tinykit, not stated by a publisher: {', '.join(ours)}."


def searched(played: Mapping[Policy, Played], column: Column) -> Iterator[str]:
    """Whose settings were not chosen in ``column``, for want of figures."""
    by_joules = [policy for policy, one in played.items() if one.searched != column]
    if by_joules:
        why = f"since joules have no figure in {column.partition('_')[0]}"
        yield f"Settings chosen by the least joules, {why}: {', '.join(by_joules)}."


def _beyond_spread(note: str) -> str:
    """What a figure's note says but that its spread is ours, which one line tells of all."""
    return note.partition("; ")[2] if note.startswith(SPREAD_ASSUMED) else note


def _warnings(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    """Of the catalogue's figures that nobody chose: what they stand in for, and what they are a limit of."""
    found: dict[str, list[str]] = {}
    for key, one in parameters.items():
        # What is said of a figure of our own is its source, and in its footnote.
        if one.given != "default" or one.estimate is None or one.note in one.estimate.sources:
            continue
        if note := _beyond_spread(one.note):
            found.setdefault(note, []).append(key)
    yield from (f"Of {', '.join(keys)}: {note}." for note, keys in found.items())


def _marks(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    for mark, meaning in _MARKS.items():
        found = [
            f"{key} ({source.partition(':')[0]})"
            for key, one in parameters.items()
            for source in (one.estimate.sources if one.estimate is not None else ())
            if f"[{mark}]" in source
        ]
        if found:
            yield f"{meaning}: {', '.join(found)}."
