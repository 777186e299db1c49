"""A connection as states, power times time each, where its table was published; and LoRa's time on air.

Cellular links go through set-up, listening, transmission, a tail and release (the state machines of Morin et
al. 2017). A state that was measured only whole is given in joules, in ``radio.connection_j`` or ``.tail_j``:
a figure there always stands before power times time, so that a session of one's own board replaces both.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinykit.comparison.fields import Assumed, Chooser, Cited, Default, Gap, Quantity, Words
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.parameters import Array, Derived, Values

MODELS = ("events", "states")
SPREADING = ("7", "8", "9", "10", "11", "12")
BANDWIDTH_HZ = 125e3
_LORAWAN_HEADER_BYTES = 13
_PREAMBLE_SYMBOLS = 8 + 4.25


def airtime_s(payload_bytes: Array, sf: int) -> Array:
    """Seconds on the air of a LoRaWAN message of ``payload_bytes`` at spreading factor ``sf``, 125 kHz.

    Explicit header, CRC, coding rate 4/5, low data rate optimisation at SF11 and 12. Formula: Semtech,
    SX1276/77/78/79 data sheet, 4.1.1.7.
    """
    symbol_s = 2**sf / BANDWIDTH_HZ
    slow = 2 if sf >= 11 else 0
    bits = 8.0 * (payload_bytes + _LORAWAN_HEADER_BYTES) - 4 * sf + 28 + 16
    symbols = 8 + np.maximum(np.ceil(bits / (4 * (sf - slow))) * 5, 0.0)
    return np.asarray((_PREAMBLE_SYMBOLS + symbols) * symbol_s)


def in_states(table: Mapping[str, Default], otherwise: str) -> Chooser:
    """A default by the link, where the radio is modelled as states; else, and for other links, a gap."""

    def choose(words: Words) -> Default:
        if words["radio.model"] != "states":
            return Gap("the radio is modelled by events")
        return table.get(words["radio.kind"], Gap(otherwise))

    return choose


def _tail_s(words: Words) -> Default:
    table: dict[str, Default] = {
        "nbiot": Cited("nbiot.state.cdrx.time"),
        "cat1": Cited("lte.phone.huang2012.tail_time"),
        "lorawan": Gap("how long its receive windows are open was not published"),
    }
    if words["radio.release"] == "assisted" and words["radio.kind"] == "nbiot":
        table["nbiot"] = Assumed(0.0, note="released at once")
    elif words["radio.release"] == "assisted":
        table = {}
    return in_states(table, "no time of this link's tail")(words)


def _floor(words: Words) -> Default:
    if words["radio.model"] == "events":
        return Assumed(0.0, note="inside device.sleep_w")
    table: dict[str, Default] = {"ble": Cited("ble.sleep_state"), "nbiot": Cited("nbiot.psm_state")}
    return table.get(words["radio.kind"], Gap("no figure for this radio asleep"))


def _only_lorawan(key: str) -> Chooser:
    return lambda words: (
        Cited(f"lorawan.eu868.{key}".format(sf=words["radio.sf"]))
        if words["radio.kind"] == "lorawan"
        else Gap("this link has no such bound")
    )


def _state(name: str, what: str, power: Mapping[str, Default], time: Mapping[str, Default]) -> list[Quantity]:
    return [
        Quantity(f"radio.{name}_w", "W", f"{what}.", in_states(power, "no power of this state")),
        Quantity(f"radio.{name}_s", "s", f"{what}: how long.", in_states(time, "no time of this state")),
    ]


FIELDS = (
    *_state(
        "setup",
        "States: joining the network",
        {"nbiot": Cited("nbiot.state.setup.power")},
        {"nbiot": Cited("nbiot.state.setup.time")},
    ),
    *_state(
        "drx",
        "States: connected and listening",
        {"nbiot": Cited("nbiot.state.drx.power")},
        {"nbiot": Cited("nbiot.state.drx.time")},
    ),
    Quantity(
        "radio.tx_w",
        "W",
        "States: transmitting.",
        in_states(
            {
                "wifi": Cited("wifi.esp8266.tx_state"),
                "ble": Cited("ble.tx_state"),
                "nbiot": Cited("nbiot.state.tx.power"),
                "cat1": Cited("ltecat4.tx_state"),
                "lorawan": Cited("lorawan.tx_state"),
            },
            "no transmit power of this link",
        ),
    ),
    Quantity(
        "radio.air_bytes_per_s",
        "B/s",
        "States: payload a second while it transmits.",
        in_states(
            {
                "wifi": Assumed(0.8125e6, 0.4e6, 1.6e6, note="a tenth of the data sheet's 65 Mb/s; 5 to 20"),
                "ble": Assumed(86e3, 24e3, 160e3, note="as ble.bulk_tx was derived, by its range"),
                "nbiot": Assumed(4.2e3, 1.8e3, 11e3, note="at which tx_w gives nbiot.nrf9160.per_byte"),
            },
            "no rate of this link",
        ),
        least=1e-3,
    ),
    Quantity(
        "radio.frame_j",
        "J",
        "States: a frame, beside its bytes.",
        in_states({"wifi": Cited("wifi.80211legacy.send_fixed")}, "no joules of this link's frames"),
    ),
    Quantity(
        "radio.frame_bytes",
        "B",
        "States: payload of a frame.",
        in_states({"wifi": Assumed(1460, note="TCP in an MTU of 1500 B")}, "no size of this link's frames"),
        least=1,
    ),
    Quantity(
        "radio.tail_w",
        "W",
        "States: after the last byte, until the network lets go.",
        in_states(
            {
                "nbiot": Cited("nbiot.state.cdrx.power"),
                "cat1": Cited("lte.phone.huang2012.tail_power"),
                "lorawan": Cited("lorawan.rx_state"),
            },
            "no power of this link's tail",
        ),
    ),
    Quantity("radio.tail_s", "s", "States: how long that lasts, by the operator's timers.", _tail_s),
    *_state(
        "release", "States: letting go", {"nbiot": Cited("nbiot.state.release.power")}, {}
    ),
    Quantity("radio.floor_w", "W", "The radio alone, between connections.", _floor),
    Quantity(
        "radio.payload_most_bytes",
        "B",
        "LoRaWAN: payload of a message, at most; a larger one does not fit.",
        _only_lorawan("payload.sf{sf}"),
        design=True,
    ),
    Quantity(
        "radio.duty_most",
        "1",
        "LoRaWAN: share of the time that a device may be on the air.",
        _only_lorawan("duty"),
        most=1.0,
        design=True,
    ),
)  # fmt: skip


def _joining_j(v: Values) -> Array:
    """J a connection before its bytes."""
    if v.has("radio.connection_j"):
        return v["radio.connection_j"]
    return v["radio.setup_w"] * v["radio.setup_s"] + v["radio.drx_w"] * v["radio.drx_s"]


def _sent_byte_j(v: Values) -> Array:
    """J a byte; those down at the price of those up: dearer, and there are few."""
    return v["radio.byte_j"] if v.has("radio.byte_j") else v["radio.tx_w"] / v["radio.air_bytes_per_s"]


def _staying_j(v: Values) -> Array:
    """J a connection after its bytes."""
    return v["radio.tail_j"] if v.has("radio.tail_j") else v["radio.tail_w"] * v["radio.tail_s"]


DERIVED: dict[str, Derived] = {
    "radio.joining_j": _joining_j,
    "radio.sent_byte_j": _sent_byte_j,
    "radio.staying_j": _staying_j,
}


def on_air_s(v: Values, f: Flow) -> Array:
    """Seconds a day that a LoRaWAN device is on the air, all its messages of one mean size."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(f.messages > 0, f.up_bytes / f.messages, 0.0)
    return np.asarray(f.messages * airtime_s(mean, int(v.word("radio.sf"))))


def frames(v: Values, f: Flow) -> Array:
    """Frames a day: every message is cut into its own."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(f.messages > 0, f.up_bytes / f.messages, 0.0)
    return np.asarray(f.messages * np.maximum(np.ceil(mean / v["radio.frame_bytes"]), 1.0))


def duty(v: Values, f: Flow) -> Array:
    """Share of the day on the air."""
    return on_air_s(v, f) / DAY_S
