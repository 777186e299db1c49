"""``tinykit compare`` with what was measured: one's own phases, one's own cloud, and paired predictions."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from powercap_child import powercap

import tinykit as package
from tinykit.lab.calibration import Calibration, Term
from tinykit.lab.importer import Recording, import_recording
from tinykit.lab.phase_map import PhaseMap

SCHEMA = Path(package.__file__).parent / "data" / "schemas" / "comparison.v1.schema.json"
FEW = ("--draws", "500")
V, RATE_HZ = 3.0, 100_000.0
CODES = {"sleep": 4, "boot": 5, "sense": 1, "pre-process": 3, "infer": 2, "radio": 6}
CYCLE = (
    ("sleep", 0.030, 20e-6),
    ("boot", 0.010, 8e-3),
    ("sense", 0.010, 4e-3),
    ("pre-process", 0.010, 10e-3),
    ("infer", 0.020, 12e-3),
    ("radio", 0.010, 30e-3),
)
BOUND = Calibration("ppk2#5", "ppk2", "a certificate", True, (Term("gain", "normal", 0.01),))


def documents(ran: Any) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    return found


def phases(folder: Path, calibration: Calibration = BOUND, names: dict[str, int] = CODES) -> Path:
    """A session of four cycles out of a recording, its lines changing at once."""
    lengths = [round(seconds * RATE_HZ) for _, seconds, _ in CYCLE] * 5
    codes = np.repeat([CODES[name] for name, _, _ in CYCLE] * 5, lengths)
    records = np.zeros(len(codes), [("ua", "<f4"), ("lines", ">u2")])
    records["ua"] = np.repeat([amperes * 1e6 for _, _, amperes in CYCLE] * 5, lengths)
    records["lines"] = 0x5555
    for i in range(3):
        records["lines"] ^= np.where(codes >> i & 1, 0b11 << 2 * i, 0).astype(">u2")
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_suffix(".ppk2")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("session.raw", records.tobytes())
        about = {"formatVersion": 2, "metadata": {"samplesPerSecond": RATE_HZ}}
        archive.writestr("metadata.json", json.dumps(about))
    certificate = folder.with_suffix(".json")
    certificate.write_text(json.dumps(calibration.to_dict()))
    coding = PhaseMap(
        tuple((code, name) for name, code in names.items()), ("D0", "D1", "D2"), next(iter(names))
    )
    import_recording(
        Recording(path, None, voltage_v=V, phases=coding, calibration=certificate, short_asked=True), folder
    )
    return folder


@pytest.fixture(scope="module")
def own_board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return phases(tmp_path_factory.mktemp("radio") / "board")


def test_phases_of_ones_own_board_replace_what_was_published(tinykit, own_board) -> None:
    document = documents(tinykit("compare", "--edge", "1.3 mJ", "--radio", own_board, *FEW, "--json"))
    parameters = document["parameters"]
    keys = {
        "radio.connection_j": "radio",
        "device.boot_j": "boot",
        "device.sense_j": "sense",
        "edge.preprocess_j": "pre-process",
    }
    true = {name: V * seconds * amperes for name, seconds, amperes in CYCLE}
    for key, name in keys.items():
        one = parameters[key]
        assert one["kind"] == "measured" and "session board" in one["given"]
        low, high = one["interval95"]
        assert low < true[name] < high and high - low < 0.1 * true[name]
    assert parameters["device.sleep_w"]["nominal"] == pytest.approx(V * 20e-6, rel=0.02)
    assert parameters["radio.connection_s"]["nominal"] == pytest.approx(0.01, rel=0.01)
    # The tail and the sleeping radio are inside what was measured: neither is counted again.
    assert parameters["radio.tail_j"]["nominal"] == parameters["radio.floor_w"]["nominal"] == 0.0
    # One gain moves all of them: a shared draw.
    shared = {frozenset(parameters[key]["influences"]) & {"ppk2#5.gain"} for key in keys}
    assert shared == {frozenset({"ppk2#5.gain"})}
    assert document["words"]["radio.name"] == "the board of board"
    assert document["words"]["radio.holds_boot"] == "no"
    assert any("session board" in note for note in document["notes"])
    assert document["simulated"] is False


def test_a_published_edge_beside_ones_own_radio_is_told_in_the_headline(tinykit, own_board) -> None:
    edge = "mlperf:v1.3/NUCLEO_L4R5ZI-P/vww"
    document = documents(tinykit("compare", "--edge", edge, "--radio", own_board, *FEW, "--json"))
    for part in ("radio", "boot", "sleep", "sensing"):
        assert f"{part} of the board of board" in document["headline"]


def test_what_the_session_lacks_is_told_to_be_another_devices(tinykit, tmp_path) -> None:
    without = {name: code for name, code in CODES.items() if name != "boot"}
    board = phases(tmp_path / "s", names={**without, "starting": CODES["boot"]})
    ran = tinykit(
        "compare", "--edge", "1.3 mJ", "--set", "edge.name=the board of s", "--radio", board, *FEW, "--json"
    )
    document = documents(ran)
    assert "boot of boot.esp32" in document["headline"]
    assert "radio of" not in document["headline"]


def test_phases_that_no_comparison_knows_are_refused(tinykit, tmp_path) -> None:
    board = phases(tmp_path / "s", names={f"part {code}": code for code in CODES.values()})
    ran = tinykit("compare", "--edge", "1.3 mJ", "--radio", board, *FEW)
    assert ran.code == 3 and "RADIO_PHASES" in ran.err and "sense" in ran.err


def test_a_meter_without_a_certificate_is_refused_unless_named(tinykit, tmp_path) -> None:
    board = phases(tmp_path / "s", Calibration("ppk2#5", "ppk2", "a data sheet", False, BOUND.terms))
    words = ("compare", "--edge", "1.3 mJ", "--radio", board, *FEW)
    ran = tinykit(*words)
    assert ran.code == 3 and "EDGE_VERDICT" in ran.err and "--radio" in ran.err
    ran = tinykit(*words, "--accept-verdict", "CALIBRATION", "--json")
    assert "in spite of the verdict: CALIBRATION" in documents(ran)["headline"]


def test_it_reruns_from_its_own_scenario_to_the_same_digits(tinykit, own_board, tmp_path) -> None:
    ran = tinykit(
        "compare", "--edge", "1.3 mJ", "--radio", own_board, *FEW, "--no-plots", "-o", tmp_path / "a"
    )
    assert ran.code == 0, ran.err
    tinykit("compare", tmp_path / "a" / "scenario.toml", "--no-plots", "-o", tmp_path / "b")
    texts = [(tmp_path / one / "comparison.json").read_text() for one in ("a", "b")]
    assert texts[0] == texts[1]


def test_llm_gateway_and_batch_on_the_command_line(tinykit) -> None:
    words = ("compare", "--edge", "1.3 mJ", *FEW, "--json")
    llm = documents(tinykit(*words, "--cloud", "llm:llama-3.1-8b"))
    assert llm["words"]["cloud.endpoint"].endswith("batch512")
    gateway = documents(tinykit(*words, "--cloud", "gateway:jetson-xavier-nx"))
    assert {"gateway.inference", "gateway.idle"} <= {
        one["key"] for one in gateway["policies"]["cloud"]["lines"]
    }
    single = documents(tinykit(*words, "--cloud", "shared:a30", "--set", "cloud.batch=1"))
    assert single["words"]["cloud.point"] == "singlestream"
    offline = documents(tinykit(*words, "--cloud", "shared:a30,offline"))
    assert any("floor" in note for note in offline["notes"])
    ran = tinykit(*words, "--cloud", "llm:nothing")
    assert ran.code == 3 and json.loads(ran.out)["error"]["code"] == "LLM"


@pytest.fixture
def scores(tmp_path: Path) -> list[object]:
    """Both models' scores of 400 samples, the edge's right two times of three."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 400)
    truth = np.eye(4)[labels]
    np.savez(tmp_path / "edge.npz", output_0=(truth + rng.normal(0, 0.7, (400, 4))).astype(np.float32))
    np.savez(tmp_path / "cloud.npz", output_0=truth + rng.normal(0, 0.25, (400, 4)))
    (tmp_path / "labels.csv").write_text("\n".join(map(str, labels)) + "\n")
    return [
        "compare", "--edge", "1.3 mJ", "--edge-outputs", tmp_path / "edge.npz", "--cloud-outputs",
        tmp_path / "cloud.npz", "--labels", tmp_path / "labels.csv", *FEW, "--no-plots",
    ]  # fmt: skip


def test_the_hybrid_takes_the_cheapest_share_that_is_right_often_enough(tinykit, scores, tmp_path) -> None:
    ran = tinykit(*scores, "--set", "service.recall_least=0.9", "-o", tmp_path / "out", "--json")
    document = documents(ran)
    with (tmp_path / "out" / "accuracy.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    good = [row for row in rows if float(row["accuracy"]) >= 0.9]
    best = min(good, key=lambda row: float(row["cost_per_device_day"]))
    (played,) = (row for row in rows if row["played"] == "yes")
    assert played == best and played["on_front"] == "yes"
    share = document["parameters"]["hybrid.share"]["nominal"]
    assert share == document["accuracy"]["played"]["share_sent_up"] == float(best["share_sent_up"])
    # What the curve was priced at is what the comparison says.
    total = document["policies"]["hybrid"]["totals"]["energy_j"]["nominal"]
    assert total == pytest.approx(float(best["cost_per_device_day"]))
    front = document["accuracy"]["front"]
    assert len(front) == sum(row["on_front"] == "yes" for row in rows) > 3
    assert document["policies"]["hybrid"]["feasible"] and document["policies"]["cloud"]["feasible"]
    (why,) = document["policies"]["edge"]["obstacles"]
    assert "0.9 is asked for" in why and "edge.recall" in why
    assert "not feasible is edge" in document["headline"]
    assert any("same 400 samples" in note for note in document["notes"])


def test_on_the_terminal_a_policy_that_falls_short_saves_nothing(tinykit, scores) -> None:
    ran = tinykit(*scores, "--set", "service.recall_least=0.9")
    assert ran.code == 0, ran.err
    assert "cannot be told" in ran.out.splitlines()[0]
    energy = next(line for line in ran.out.splitlines() if line.startswith("energy "))
    assert "not feasible" in energy
    assert "NOT FEASIBLE" in ran.out


def test_where_none_is_good_enough_the_scenarios_share_stands(tinykit, scores) -> None:
    document = documents(tinykit(*scores, "--set", "service.recall_least=0.9999", "--json"))
    assert document["accuracy"]["reaches"] is False
    assert document["parameters"]["hybrid.share"]["nominal"] == 0.01
    assert not any(one["feasible"] for one in document["policies"].values())


def test_accuracies_carry_their_samples_interval(tinykit, scores) -> None:
    one = documents(tinykit(*scores, "--json"))["parameters"]["edge.recall"]
    low, high = one["interval95"]
    assert one["kind"] == "measured" and low < one["nominal"] < high
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.64 * 0.36 / 400), rel=0.1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.csv", b"0\nx\n"),
        ("labels.csv", b"0\n1\n"),
        ("cloud.npz", b"not an archive"),
        ("cloud.npz", b""),
    ],
)
def test_files_that_do_not_pair_are_refused_by_name(tinykit, scores, tmp_path, name, content) -> None:
    (tmp_path / name).write_bytes(content)
    ran = tinykit(*scores, "--json")
    assert ran.code == 3
    assert json.loads(ran.out)["error"]["code"] == "PAIRED"


def test_half_of_what_accuracy_needs_is_a_mistake_of_usage(tinykit, scores) -> None:
    assert tinykit("compare", "--edge", "1 mJ", *scores[5:7]).code == 2


@pytest.mark.slow
def test_a_measured_cloud_is_its_package_with_the_host_put_on_visibly(tinykit, digits, tmp_path) -> None:
    certificate = tmp_path / "c.json"
    certificate.write_text(
        json.dumps(Calibration("rapl", "rapl", "a test", True, (Term("gain", "normal", 0.01),)).to_dict())
    )
    with powercap(tmp_path / "powercap") as root:
        words = ("measure", digits.tflite, "--on", "host", "--meter", f"rapl:{root}", "--windows", "2")
        more = ("--seconds", "2.5", "--states", "idle", "--calibration", certificate)
        for k in range(10):
            # On a busy machine the writer of the counters comes late, and they count as slow ones.
            session = tmp_path / f"cloud-{k}"
            ran = tinykit(*words, *more, "-o", session, "--json")
            if ran.code == 0:
                break
        else:
            pytest.fail(f"the counters never changed often enough: {ran.err}")
    document = documents(tinykit("compare", "--edge", "1.3 mJ", "--cloud", session, *FEW, "--json"))
    words_ = document["words"]
    assert words_["cloud.boundary"] == "package" and words_["cloud.covers"].startswith("package-0, dram")
    parameters = document["parameters"]
    # The counters rise by 25 W where the machine lets their writer: what was seen while waiting is the floor.
    waited_w = json.loads((session / "energy.json").read_text())["states"]["idle"]["value"]
    assert parameters["cloud.floor_w"]["nominal"] == pytest.approx(waited_w)
    assert parameters["cloud.inference_j"]["kind"] == "measured"
    assert parameters["cloud.power_w"]["kind"] == "missing"
    lines = {one["key"]: one["columns"]["energy_j"] for one in document["policies"]["cloud"]["lines"]}
    metered = lines["cloud.accelerator"]["nominal"] + lines["cloud.idle"]["nominal"]
    host = parameters["cloud.host"]["nominal"]
    assert lines["cloud.host"]["nominal"] == pytest.approx(metered * (host - 1.0))
    notes = " ".join(document["notes"])
    assert "not the wall's" in notes and "stands in for the edge's model" in notes
    # What the session inferred is there for pairing: with itself nothing differs.
    (tmp_path / "labels.txt").write_text("0\n0\n")
    more = ("--cloud-outputs", session / "outputs.npz", "--labels", tmp_path / "labels.txt")
    document = documents(tinykit("compare", "--edge", session, *more, *FEW, "--json"))
    accuracy = document["accuracy"]
    assert accuracy["samples"] == 2 and accuracy["edge_accuracy"] == accuracy["cloud_accuracy"]


@pytest.fixture
def cycling(tmp_path: Path) -> Iterator[str]:
    """An emulated board that runs by itself, and a meter on its rail and pins."""
    words = ["--board", "virtual-m4", "--example", "phases", "--meter", "ppk2", "--power", "uart=60mW"]
    more = ["--ports", tmp_path / "ports", "--seed", "1", "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tinykit", "emulate", *words, *map(str, more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    yield f"ppk2:{tmp_path}/ports/meter"
    process.terminate()
    process.communicate(timeout=20)


@pytest.mark.slow
def test_an_emulated_boards_phases_are_simulated_and_of_one_device(tinykit, cycling, tmp_path) -> None:
    (tmp_path / "map.toml").write_text(
        'cycle = "sense"\n[phases]\n1 = "sense"\n3 = "pre-process"\n2 = "infer"\n6 = "radio"\n4 = "sleep"\n'
    )
    words = ["measure", "--on", "markers", "--phases", tmp_path / "map.toml", "--n", 1, "--meter", cycling]
    session = tmp_path / "s"
    ran = tinykit(*words, "--voltage", 3.0, "--windows", 6, "--short", "-o", session, "--json")
    assert ran.code == 0, ran.out
    document = documents(tinykit("compare", "--edge", session, "--radio", session, *FEW, "--json"))
    assert document["simulated"] is True
    assert "inference modelled, SIMULATED; radio" in document["headline"]
    assert document["headline"].count("SIMULATED") == 2
    for key in ("radio.connection_j", "device.sense_j", "edge.preprocess_j", "device.sleep_w"):
        one = document["parameters"][key]
        # As a statement about a chip: the power model's own error is on it, +-20 %.
        assert one["kind"] == "modelled"
        assert any(name.startswith("emulator.virtual-m4.") for name in one["influences"])
        low, high = one["interval95"]
        assert (high - low) / 2 / one["nominal"] > 0.15
    # It has no phase of booting; radio, sensing and sleep are its own.
    assert "boot of boot.esp32" in document["headline"]
    assert not any(f"{part} of" in document["headline"] for part in ("radio", "sensing", "sleep"))
