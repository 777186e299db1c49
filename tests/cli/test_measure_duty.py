"""Periods of duty-cycled work on the emulated bench, from the command line to the life of a battery."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import tinykit as package

SCHEMAS = Path(package.__file__).parent / "data" / "schemas"
PERIOD_S, PERIODS = 0.5, 4


def follows(text: str):
    document = json.loads(text)
    schema = SCHEMAS / f"{document['schema'].removeprefix('tinykit.')}.v1.schema.json"
    jsonschema.validate(document, json.loads(schema.read_text()))
    return document


@pytest.fixture(scope="module", params=["ppk2", "lpm01a"])
def measured(request, digits, tmp_path_factory):
    """The session's folder, its document, and the true joules of its periods."""
    place = tmp_path_factory.mktemp(request.param)
    words = ["--model", digits.tflite, "--meter", request.param, "--ports", place / "ports", "--seed", "1"]
    emulate = [sys.executable, "-m", "tinykit", "emulate", "--board", "virtual-m4", "--quiet", *words]
    process = subprocess.Popen(
        [*map(str, emulate), "--truth", str(place / "truth"), "--pace", "fast"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert json.loads(process.stdout.readline())["event"] == "ready"
        on = ["--on", place / "ports" / "board", "--meter", f"{request.param}:{place}/ports/meter"]
        short = ["--windows", 3, "--seconds", 0.4, "--state-seconds", 0.6, "--voltage", 3]
        # The LPM01A sees its line a thousand times a second, and an inference of 0.7 ms perhaps not at all.
        many = 1 if request.param == "ppk2" else 40
        profile = ["--profile", f"period={PERIOD_S},periods={PERIODS},inferences={many}"]
        words = ["measure", digits.tflite, *on, *short, *profile, "-o", place / "session", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "tinykit", *map(str, words)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout
    finally:
        process.terminate()
        process.communicate(timeout=30)
    truths = [json.loads(line)["energy_j"] for line in (place / "truth").read_text().splitlines()]
    return place / "session", follows(done.stdout), truths[-2 * PERIODS :]


@pytest.mark.slow
def test_the_true_energy_of_a_period_is_inside(measured):
    _, document, truths = measured
    assert document["simulated"] is True
    duty = document["energy"]["duty"]
    true_j = sum(truths) / PERIODS
    low, high = duty["energy_per_period"]["interval95"]
    # One draw: of many, 95 % are inside; all are, but one in hundreds, within twice the interval's width.
    assert abs(duty["energy_per_period"]["value"] - true_j) < high - low
    assert high - low < 0.5 * true_j, "an interval that holds everything says nothing"
    low, high = duty["mean_power"]["interval95"]
    assert abs(duty["mean_power"]["value"] - true_j / duty["period_s"]["value"]) < high - low
    assert duty["energy_per_hour"]["value"] == pytest.approx(3600 * duty["mean_power"]["value"])
    assert duty["period_s"]["value"] == pytest.approx(PERIOD_S, rel=0.01)
    states = {one["code"]: one["state"] for one in document["verdict"]["findings"]}
    assert (states["PERIOD_CLOSURE"], states["PERIOD_LENGTH"]) == ("pass", "pass")


@pytest.mark.slow
def test_the_session_shows_it_and_gives_a_battery_a_life(tinykit, measured):
    folder, document, _ = measured
    shown = tinykit("session", "show", folder).out
    assert "a period" in shown
    assert "mean power" in shown
    assert tinykit("session", "recompute", folder).code == 0
    words = ["session", "battery", folder, "--capacity", "220mAh@2.9V", "--self-discharge", "1%"]
    ran = tinykit(*words, "--events-per-day", 1440, "--json")
    assert ran.code == 0, ran.err
    measured_life, _ = follows(ran.out)["lives"]
    exact_days = 220 * 3.6 * 2.9 / document["energy"]["duty"]["mean_power"]["value"] / 86400
    assert 0.95 * exact_days < measured_life["days"] < 1.05 * exact_days
    shown = tinykit(*words).out
    assert "SIMULATED" in shown
    assert "taken as exact" in shown


def test_the_plan_counts_the_periods_and_their_states(tinykit, digits):
    words = ["measure", digits.tflite, "--on", "virtual-m4", "--meter", "ppk2", "--voltage", 3, "--dry-run"]
    plan = follows(tinykit(*words, "--profile", "period=60", "--json").out)
    assert (plan["period_s"], plan["periods"]) == (60, 5)
    assert plan["states"] == ["idle", "sleep"]
    less = follows(tinykit(*words, "--states", "idle,sleep", "--json").out)
    assert plan["total_s"] - less["total_s"] == pytest.approx(300)
    assert "5 of 60 s" in tinykit(*words, "--profile", "period=60").out


def test_what_is_no_profile_is_refused_before_anything_runs(tinykit, digits):
    words = ["measure", digits.tflite, "--on", "virtual-m4", "--meter", "ppk2", "--voltage", 3]
    ran = tinykit(*words, "--profile", "60", "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == "PROFILE"


def test_the_hosts_plan_needs_no_marker(tinykit, digits):
    plan = follows(
        tinykit("measure", digits.tflite, "--on", "host", "--meter", "rapl", "--dry-run", "--json").out
    )
    assert plan["missing"] == []
    assert plan["is_bound"] is False
    ran = tinykit(
        "measure", digits.tflite, "--on", "host", "--meter", "ppk2", "--voltage", 3, "--dry-run", "--json"
    )
    assert "no marker pin" in " ".join(follows(ran.out)["missing"])


@pytest.mark.parametrize(
    "words",
    [
        ["--capacity", "220mAh", "--self-discharge", "1%"],
        ["--capacity", "1Wh", "--self-discharge", "2"],
        ["--capacity", "1Wh", "--self-discharge", "0", "--efficiency", "0"],
    ],
)
def test_a_battery_needs_units_and_shares(tinykit, tmp_path, words):
    ran = tinykit("session", "battery", tmp_path, *words, "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == "BATTERY"


def test_a_battery_is_described_in_full_or_not_at_all(tinykit, tmp_path):
    assert tinykit("session", "battery", tmp_path, "--capacity", "1Wh").code == 2
    assert tinykit("session", "battery", tmp_path, "--self-discharge", "0").code == 2
