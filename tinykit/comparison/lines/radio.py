"""The device's radio: a connection, its bytes, its tail, and what staying connected costs.

Fixed energy an event plus energy a byte (Feeney and Nilsson 2001), or states of power and time, by
``radio.model``; power times time for staying associated. Every figure can be replaced by a session of the
user's own board.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinykit.comparison.fields import Assumed, Chooser, Cited, Default, Gap, Quantity, Word, Words, by
from tinykit.comparison.flow import DAY_S, Flow
from tinykit.comparison.ledger import Cost, Entry, Sums
from tinykit.comparison.lines.radio_states import MODELS, SPREADING, frames, on_air_s
from tinykit.comparison.parameters import Values

KINDS = ("wifi", "ble", "ltem", "nbiot", "cat1", "lorawan")
POWER_SAVE = tuple(f"{mode}-dtim{n}" for mode in ("light-sleep", "modem-sleep") for n in (1, 3, 10))
BEACON_S = 0.1024
_NONE = Assumed(0.0, note="inside the energy of a connection")
_FOLLOWS = Gap("follows from its states")
_EVENTS: dict[str, Default] = {
    # 0.10 to 1.7 J, by chip, address and protocol; 0.35 to 1.26 J by board; 0.1 to 30 J by operator.
    "wifi": Cited("wifi.esp32.static_mqtt", within=(0.184, 3.15)),
    "ble": Cited("ble.adv_event"),
    "ltem": Cited("ltem.nrf9160.wake", within=(1.0, 3.6)),
    # 0.351 J for 200 B, less the bytes: waking alone (0.255 J) sends nothing.
    "nbiot": Cited("nbiot.nrf9160.200B_oneway_rai", offset=-200 * 0.13e-3, within=(0.3, 90.0)),
    "cat1": Cited("ltecat1.wio.send"),
    "lorawan": Cited("lorawan.sf9_small"),
}
_BYTES: dict[str, Default] = {
    "wifi": Assumed(0.5e-6, 0.044e-6, 2.4e-6, note="between a data sheet's floor and a phone"),
    "ble": Cited("ble.bulk_tx"),
    "ltem": Assumed(5e-6, 1e-6, 2.5e-5, note="assumed in the literature's absence"),
    "nbiot": Assumed(0.13e-3, 0.05e-3, 0.3e-3, note="from 200 and 400 B messages, one data point"),
    "cat1": Cited("lte.phone.tx_6mbps"),
    "lorawan": Gap("it goes by time on air: radio.model = states"),
}


def _modelled(events: Mapping[str, Default], states: Mapping[str, Default]) -> Chooser:
    """A default by the link: that of ``states`` in its model, where it has one of its own."""
    return lambda w: {**events, **(states if w["radio.model"] == "states" else {})}[w["radio.kind"]]


def _tail(words: Words) -> Default:
    kind, assisted = words["radio.kind"], words["radio.release"] == "assisted"
    if words["radio.model"] == "states" and kind in ("nbiot", "cat1", "lorawan"):
        return _FOLLOWS
    if kind == "nbiot":
        return _NONE if assisted else Cited("nbiot.nrf9160.584B_tail")
    if kind == "ltem":
        return (
            Gap("no figure for an LTE-M connection released early")
            if assisted
            else Cited("ltem.nrf9160.tail")
        )
    return _NONE


def _associated_w(words: Words) -> Default:
    """Of the chip's power save and the access point's DTIM period, which are modes: chosen, and never drawn.

    Between chips, within a factor that is ours: Espressif's C3 takes 0.27 of its ESP32 in the same mode.
    """
    if words["radio.kind"] != "wifi":
        return Gap("no figure for staying connected on this link")
    mode, _, dtim = words["radio.power_save"].rpartition("-")
    mode = {"light-sleep": "auto_light_sleep", "modem-sleep": "modem_sleep"}[mode]
    return Cited(f"wifi.esp32.associated.{mode}.{dtim}", within=(0.27, 1.44))


def _listen(words: Words) -> Default:
    if words["radio.kind"] != "wifi":
        return Assumed(0.0, note="for latency alone")
    period = int(words["radio.power_save"].rpartition("dtim")[2])
    return Assumed(period * BEACON_S, note="DTIM period x a beacon's usual 102.4 ms; for latency alone")


FIELDS = (
    Word("radio.kind", "The link of the device.", "wifi", KINDS),
    Word(
        "radio.name", "The board whose radio this is; a headline says where it is not edge.name.", "unnamed"
    ),
    Word(
        "radio.model",
        "events: joules a connection and a byte. states: power times time; LoRaWAN's by time on air.",
        lambda w: "states" if w["radio.kind"] == "lorawan" else "events",
        MODELS,
    ),
    Word(
        "radio.release",
        "Cellular: network: it lets go when its timers end. assisted: the device asks for it at once.",
        lambda w: "assisted" if w["radio.kind"] == "nbiot" else "network",
        ("network", "assisted"),
    ),
    Word(
        "radio.holds_boot",
        "Whether a connection's figure starts from deep sleep, the boot inside it.",
        lambda w: "yes" if w["radio.kind"] in ("wifi", "cat1") else "no",
        ("yes", "no"),
    ),
    Word("radio.sf", "LoRaWAN's spreading factor.", "9", SPREADING),
    Word(
        "radio.power_save",
        "Wi-Fi that stays associated: what the chip does between beacons, and at every how many it wakes.",
        "light-sleep-dtim3",
        POWER_SAVE,
    ),
    Quantity(
        "radio.connection_j",
        "J",
        "Waking the radio, joining, and an empty message.",
        _modelled(
            _EVENTS,
            {
                "wifi": Cited("wifi.esp32.wake_static_ip"),
                "nbiot": _FOLLOWS,
                "cat1": Cited("lte.phone.huang2012.promotion"),
                "lorawan": Assumed(0.0, note="every message is a transmission of its own"),
            },
        ),
    ),
    Quantity(
        "radio.byte_j",
        "J/B",
        "Each byte up or down, beyond the connection.",
        _modelled(_BYTES, {"wifi": _FOLLOWS, "ble": _FOLLOWS, "nbiot": _FOLLOWS}),
    ),
    Quantity("radio.tail_j", "J", "After the last byte, each connection.", _tail),
    Quantity(
        "radio.associated_w",
        "W",
        "Staying connected all day, the whole chip's.",
        _associated_w,
    ),
    Quantity("radio.listen_s", "s", "Associated: how long an answer waits for its beacon, at most.", _listen),
    Quantity(
        "radio.batch_most",
        "1",
        "Messages that a connection carries, at most: what the device can hold.",
        Assumed(256, note="a choice of the scenario"),
        least=1,
        design=True,
    ),
    Quantity(
        "radio.connection_s",
        "s",
        "How long joining and an empty message take: for latency, and for what fits into a day.",
        by(
            "radio.kind",
            {
                "wifi": Assumed(1.0, note="for latency and what fits into a day alone"),
                "ble": Assumed(0.01, note="an advertisement; for latency and what fits into a day alone"),
                "ltem": Cited(
                    "nbiot.nrf9160.wake_psm_rai.time",
                    note="NB-IoT's stands in: LTE-M's only published time, 12 s, holds its tail",
                ),
                "nbiot": Cited("nbiot.nrf9160.200B_oneway_rai.time"),
                "cat1": Cited("ltecat1.wio.send.time"),
                "lorawan": Cited("lorawan.sf9_small.time"),
            },
        ),
    ),
    Quantity(
        "radio.rate_bytes_per_s",
        "B/s",
        "Of the link, for latency.",
        by(
            "radio.kind",
            {
                "wifi": Assumed(125e3, note="1 Mb/s, for latency alone"),
                "ble": Assumed(10e3, note="for latency alone"),
                "ltem": Assumed(30e3, note="for latency alone"),
                "nbiot": Assumed(2.5e3, note="for latency alone"),
                "cat1": Assumed(250e3, note="for latency alone"),
                "lorawan": Assumed(100.0, note="for latency alone"),
            },
        ),
        least=1e-3,
    ),
    Quantity(
        "radio.peak_w",
        "W",
        "The link's burst, which the supply must stand.",
        by(
            "radio.kind",
            {
                "wifi": Assumed(1.0, note="300 mA at 3.3 V"),
                "ble": Cited("ble.tx_state"),
                "ltem": Assumed(1.5, note="of the class 23 dBm"),
                "nbiot": Cited("nbiot.tx_state"),
                "cat1": Cited("ltecat4.tx_state"),
                "lorawan": Cited("lorawan.tx_state"),
            },
        ),
    ),
)


def _associated(v: Values, f: Flow, _: Sums) -> Cost | None:
    """Published figures are a whole chip's, asleep between beacons: beside sleep, only what is more."""
    if f.hand.mode != "associated":
        return None
    asleep = v["device.sleep_w"] if v.has("device.sleep_w") else 0.0
    return Cost(DAY_S * np.maximum(v["radio.associated_w"] - asleep, 0.0))


def _bytes(v: Values, f: Flow, _: Sums) -> Cost:
    if v.word("radio.kind") == "lorawan" and not v.has("radio.byte_j"):
        return Cost(on_air_s(v, f) * v["radio.tx_w"])
    return Cost((f.up_bytes + f.down_bytes) * v["radio.sent_byte_j"])


def _frames(v: Values, f: Flow, _: Sums) -> Cost | None:
    """An energy a byte that was measured holds its frames, and so does one that was fitted to such."""
    if v.has("radio.byte_j") or v.word("radio.kind") not in ("wifi", "ble"):
        return None
    return Cost(frames(v, f) * v["radio.frame_j"])


def _release(v: Values, f: Flow, _: Sums) -> Cost | None:
    if v.word("radio.kind") != "nbiot" or v.has("radio.connection_j"):
        return None
    return Cost(f.connections * v["radio.release_w"] * v["radio.release_s"])


def _floor(v: Values, f: Flow, _: Sums) -> Cost | None:
    return None if f.hand.mode == "associated" else Cost(DAY_S * v["radio.floor_w"])


ENTRIES = (
    Entry(
        "radio.connection",
        "device",
        "connections x connection_j, or setup_w x setup_s + drx_w x drx_s",
        lambda v, f, _: Cost(f.connections * v["radio.joining_j"]),
    ),
    Entry("radio.bytes", "device", "bytes x byte_j, or tx_w / air rate, or time on air x tx_w", _bytes),
    Entry("radio.frames", "device", "frames x frame_j", _frames),
    Entry(
        "radio.tail",
        "device",
        "connections x tail_j, or tail_w x tail_s",
        lambda v, f, _: Cost(f.connections * v["radio.staying_j"]),
    ),
    Entry("radio.release", "device", "connections x release_w x release_s", _release),
    Entry("radio.associated", "device", "86,400 s x what associated_w is above sleep_w", _associated),
    Entry("radio.floor", "device", "86,400 s x floor_w", _floor),
)
