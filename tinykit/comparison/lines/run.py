"""How a comparison runs, and where its edge comes from: written back with it, so that it can be rerun."""

from __future__ import annotations

from tinykit.comparison.fields import Assumed, Quantity, Word

UNNAMED = "unnamed"
SIMULATED = "SIMULATED"
OBJECTIVES = ("energy", "carbon", "money")

FIELDS = (
    Quantity("run.draws", "1", "Monte Carlo draws.", Assumed(100_000, note="a choice"), 100, 2e6, True),
    Quantity("run.seed", "1", "Of the draws.", Assumed(0, note="a choice"), 0, 2**53, True),
    Word("run.objective", "What a side's hand makes least of.", "energy", OBJECTIVES),
    Word("edge.source", "Where the edge's joules come from: a session, a published board.", "given"),
    Word("edge.stamp", "What every use of these joules must say.", "none", ("none", SIMULATED)),
    Word("edge.accepted", "Codes of the session's verdict that were accepted, with commas.", "none"),
    Word("edge.model", "The model that the edge runs.", UNNAMED),
    Word("edge.firmware", "The firmware that was measured.", UNNAMED),
    Word("edge.instrument", "What measured the edge.", UNNAMED),
    Word("edge.task", "What the edge's model does; else as service.task.", "same"),
    Word("device.source", "The session that the radio and the phases of the device come from.", "given"),
    Word("device.stamp", "What every use of these phases must say.", "none", ("none", SIMULATED)),
    Word("device.accepted", "As edge.accepted, of that session.", "none"),
    Word("cloud.source", "Where the cloud's joules come from.", "given"),
    Word("cloud.model", "The model that the measured cloud runs.", UNNAMED),
    Word("cloud.covers", "What its meter covers, in words.", "none"),
    Word("cloud.stamp", "What every use of its joules must say.", "none", ("none", SIMULATED)),
    Word("cloud.accepted", "As edge.accepted, of the cloud's session.", "none"),
    Word("service.tasks", "Whether both sides must do the same.", "same", ("same", "different")),
)
ENTRIES = ()
