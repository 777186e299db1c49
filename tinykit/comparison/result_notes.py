"""What a comparison's reader must know beside its figures: which devices, which tasks, which doubts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tinykit.comparison.lines.run import UNNAMED
from tinykit.comparison.parameters import Parameter
from tinykit.errors import InputError

_MARKS = {"second-hand": "At second hand", "recalled": "Recalled, to be checked before it is published"}
"""Of the catalogue's marks, those that a footnote must carry."""


_PARTS = (
    ("radio", "radio.name", "radio.connection_j"),
    ("boot", "device.name", "device.boot_j"),
    ("sleep", "device.name", "device.sleep_w"),
)
"""What must be of one device: the word that names whose it is, and the figure."""


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
    said = (one for say in (_devices, _stand_in, _edge) for one in say(words, parameters))
    return (*said, *_tasks(words), *_marks(parameters))


def strangers(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """What is not known to be the device's that infers: its radio, its boot; with whose it is, in words."""
    edge, found = words["edge.name"], []
    for what, key, figure in _PARTS:
        one = parameters.get(figure)
        if edge == UNNAMED or one is None or one.estimate is None:
            continue
        if words[key] not in (UNNAMED, edge):
            found.append(f"{what} of {words[key]}")
        elif words[key] == UNNAMED and one.given == "default":
            found.append(f"{what} of {one.estimate.sources[0].partition(':')[0]}")
    return tuple(found)


def _devices(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> Iterator[str]:
    if found := strangers(words, parameters):
        yield f"Inference of {words['edge.name']}, but {', '.join(found)}: no such device was measured."


def _tasks(words: Mapping[str, str]) -> Iterator[str]:
    edge, cloud = tasks(words)
    if UNNAMED in (edge, cloud):
        if edge != cloud:
            side, said = ("cloud", edge) if cloud == UNNAMED else ("edge", cloud)
            yield f"The {side}'s task is not stated; the other side does {said}."
    elif edge != cloud:
        yield f"Different tasks, as you said: the edge does {edge}, the cloud {cloud}."


def _stand_in(words: Mapping[str, str], parameters: Mapping[str, Parameter]) -> Iterator[str]:
    """The cloud's published model is seldom the one that the service would run."""
    server = parameters.get("cloud.power_w")
    if server is not None and server.given == "default" and words["edge.model"] != words["cloud.workload"]:
        edge = "the edge's model" if words["edge.model"] == UNNAMED else words["edge.model"]
        yield (
            f"The cloud runs {words['cloud.workload']} on {words['cloud.accelerator']}"
            f" ({words['cloud.point']}), and stands in for {edge}."
        )


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
    if inference is not None and inference.note:
        yield f"Of the edge's joules: {inference.note}"


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
