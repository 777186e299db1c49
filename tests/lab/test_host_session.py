"""A session of this computer, by a powercap tree that another process advances."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from powercap_child import WRAP_UJ, powercap

import tinykit as package
from tinykit.config import Config
from tinykit.errors import MeterError, UsageError
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.host_windows import host_windows
from tinykit.lab.options import MeasureOptions
from tinykit.lab.profile import Profile
from tinykit.lab.recompute import recompute
from tinykit.lab.recorder import read_recording
from tinykit.lab.recover import recover
from tinykit.lab.session import measure
from tinykit.lab.store import open_session
from tinykit.meters.meter import parse_meter
from tinykit.running.targets import find_targets

SCHEMAS = Path(package.__file__).parent / "data" / "schemas"
_TRIES = 10


def run(model, out, root, **words):
    (target,) = find_targets(["host"], Config())
    options = MeasureOptions(out, **{"windows": 2, "seconds": 2.5, "state_s": 2.5, **words})
    return measure(model, target, parse_meter(f"rapl:{root}"), options)


def codes(report, state):
    return {one.code for one in report.analysis.verdict.findings if one.state == state}


@pytest.fixture(scope="module")
def bound(tmp_path_factory):
    """A certificate: without one there are ratios only."""
    terms = (Term("gain", "normal", 0.01),)
    path = tmp_path_factory.mktemp("bound") / "c.json"
    path.write_text(json.dumps(Calibration("rapl", "rapl", "a test", True, terms).to_dict()))
    return path


@pytest.fixture(scope="module")
def made(digits, tmp_path_factory, bound):
    folder = tmp_path_factory.mktemp("host")
    with powercap(folder / "powercap") as root:
        for k in range(_TRIES):
            # On a busy machine the writer comes late, and the counters count as slow ones; or one window's
            # inferences take far longer than another's, which the verdict refuses as it should.
            try:
                report = run(digits.tflite, folder / f"session-{k}", root, calibration=bound)
            except UsageError as error:
                assert error.code == "METER_TOO_SLOW"
                continue
            if not codes(report, "fail") & {"WINDOW_SAMPLES", "REPEATABILITY"}:
                return report
    return pytest.fail("the machine was never quiet enough")


def counted(folder):
    """When, and what the counters had shown in all: unwrapped by hand, from the raw lines."""
    rows = np.array([line.split() for line in (folder / "raw" / "meter.bin").read_text().splitlines()], float)
    steps = np.diff(rows[:, 1:], axis=0) % WRAP_UJ
    return rows[:, 0] / 1e9, np.append(0.0, np.cumsum(steps.sum(axis=1))) / 1e6


@pytest.mark.slow
def test_the_joules_are_what_the_counters_counted_between_the_events(made):
    assert codes(made, "fail") == set()
    assert not made.simulated
    energy = made.analysis.energy
    assert energy is not None
    assert made.headline is not None
    times_s, total_j = counted(made.folder)
    assert total_j[-1] > 2 * 5 * WRAP_UJ / 1e6, "every counter wrapped, more than once"
    events = read_recording(made.folder)[2]
    spans = [
        np.interp((go.t_host_s, done.t_host_s), times_s, total_j)
        for go, done in itertools.pairwise(events)
        if (go.what, done.what) == ("go", "done")
    ]
    widest_j = np.diff(total_j).max()
    for one, (before_j, after_j) in zip(energy.windows, spans, strict=True):
        # Each edge lies within a sample of the event.
        assert one.gross.value * one.inferences == pytest.approx(after_j - before_j, abs=2 * widest_j)
    assert made.analysis.states["idle"].value > 0


@pytest.mark.slow
def test_the_folder_says_what_is_inside_and_is_recomputed_to_the_same(made):
    document = json.loads((made.folder / "session.json").read_text())
    jsonschema.validate(document, json.loads((SCHEMAS / "session.v1.schema.json").read_text()))
    jsonschema.validate(made.to_dict(), json.loads((SCHEMAS / "measure.v1.schema.json").read_text()))
    assert document["boundary"].startswith("package-0, dram")
    assert "power supply" in document["boundary"]
    assert open_session(made.folder).headline is not None
    assert recompute(made.folder).is_equal


@pytest.mark.slow
def test_a_session_that_was_cut_off_is_recovered(made, tmp_path):
    shutil.copytree(made.folder / "raw", tmp_path / "cut" / "raw")
    report = recover(tmp_path / "cut").report
    assert codes(report, "fail") == set()
    assert report.analysis.energy.gross.value == pytest.approx(made.analysis.energy.gross.value, rel=1e-12)


@pytest.mark.slow
def test_what_was_not_on_disk_yet_is_no_window(made, tmp_path):
    shutil.copytree(made.folder / "raw", tmp_path / "cut" / "raw")
    bytes_ = tmp_path / "cut" / "raw" / "meter.bin"
    lines = bytes_.read_bytes().splitlines(keepends=True)
    # The last window's last half second, and the idle stretch behind it.
    last_s = read_recording(made.folder)[2][-1].t_host_s - 3.0
    bytes_.write_bytes(b"".join(line for line in lines if int(line.split()[0]) < last_s * 1e9))
    recovery = recover(tmp_path / "cut")
    assert recovery.kept == 2
    assert len(recovery.report.analysis.energy.windows) == 1


@pytest.mark.slow
def test_windows_are_the_hosts_to_a_sample(made):
    trace, _, events = read_recording(made.folder)
    done = [event for event in events if event.what == "done"]
    windows = host_windows(trace, events)
    assert len(windows) == len(done) == 4
    for window, event in zip(windows, done, strict=True):
        end_s = trace.t_start_host_s + window.stop / trace.sample_rate_hz
        assert abs(end_s - event.t_host_s) <= 1 / trace.sample_rate_hz
        assert window.unsure >= 1, "the counters lag by up to an update"


def test_windows_shorter_than_a_hundred_updates_are_refused(digits, tmp_path):
    with powercap(tmp_path / "powercap", update_s=0.05) as root, pytest.raises(UsageError) as caught:
        run(digits.tflite, tmp_path / "session", root)
    assert caught.value.code == "METER_TOO_SLOW"
    assert not (tmp_path / "session" / "session.json").exists()


def test_without_powercap_there_is_a_way_out(digits, tmp_path):
    with pytest.raises(MeterError, match="no energy counters") as caught:
        run(digits.tflite, tmp_path / "session", tmp_path / "nothing")
    assert caught.value.code == "METER_PORT"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another")
def test_counters_that_only_root_may_read(tmp_path):
    tree = tmp_path / "powercap"
    with powercap(tree):
        pass
    for path in tree.parents:
        if path.is_relative_to(tempfile.gettempdir()) and path != Path(tempfile.gettempdir()):
            path.chmod(0o755)
    for file in tree.glob("*/energy_uj"):
        file.chmod(0o400)
    code = (
        "import os, sys; from tinykit.meters import find_meter; from tinykit.errors import MeterError\n"
        "meter = find_meter('rapl'); os.setgid(65534); os.setuid(65534)\n"
        f"try:\n meter.open({str(tree)!r})\nexcept MeterError as error: sys.stdout.write(str(error))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot be read" in done.stdout
    assert "only root" in done.stdout


@pytest.mark.parametrize(
    ("words", "meter", "code"),
    [
        ({"profile": Profile(1.0), "states": ("idle", "sleep")}, "rapl", "NOT_CAPABLE"),
        ({"states": ("idle", "sleep")}, "rapl", "NOT_CAPABLE"),
        ({"voltage_v": 3.0}, "ppk2:/dev/x", "HOST_METER"),
    ],
)
def test_what_a_computer_cannot_be_asked(digits, tmp_path, words, meter, code):
    (target,) = find_targets(["host"], Config())
    with pytest.raises(UsageError) as caught:
        measure(digits.tflite, target, parse_meter(meter), MeasureOptions(tmp_path / "s", **words))
    assert caught.value.code == code
