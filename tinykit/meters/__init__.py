"""Power meters: a file a meter, the :class:`Trace` they all end in, and importers of recorded files."""

from tinykit.meters.meter import (
    Arrival,
    Capabilities,
    Decoder,
    Meter,
    MeterPort,
    MeterSettings,
    MeterSetup,
    OpenMeter,
    parse_meter,
)
from tinykit.meters.recorded import recorded_trace
from tinykit.meters.registry import find_meter, meters
from tinykit.meters.trace import (
    INVALID,
    RANGE_SWITCH,
    SATURATED,
    Block,
    Gap,
    Instrument,
    Provenance,
    SampleFilter,
    Supply,
    Trace,
    TraceWarning,
    array_trace,
)

__all__ = [
    "INVALID",
    "RANGE_SWITCH",
    "SATURATED",
    "Arrival",
    "Block",
    "Capabilities",
    "Decoder",
    "Gap",
    "Instrument",
    "Meter",
    "MeterPort",
    "MeterSettings",
    "MeterSetup",
    "OpenMeter",
    "Provenance",
    "SampleFilter",
    "Supply",
    "Trace",
    "TraceWarning",
    "array_trace",
    "find_meter",
    "meters",
    "parse_meter",
    "recorded_trace",
]
