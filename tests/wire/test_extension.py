"""tinykit's own commands: raw outputs, state, layers, windows."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiler.operator_cases import Case, add
from compiler.oracle import expected
from wire.pipes import TIMER_HZ, HostBoard, Silence, done_with_crc, hex_commands, raw_output

from tinykit.wire import parse
from tinykit.wire.tokens import GUARD_MS

STEPS = 30


def inputs(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(3).integers(-128, 128, (count, size)).astype(np.int8)


def test_what_it_is_made_of(board: HostBoard, digits) -> None:
    facts = {line.name: line.fields for line in map(parse, board.ask("tk info%"))}
    sha = "e7d18b2242065eece63a0eb29d9d7ea06acbbe51131cd835485ba152b9082e74"
    assert facts == {
        "tk-version": ("1",),
        "tk-model": (sha,),
        "tk-firmware": ("b" * 64,),
        "tk-board": ("virtual-m4",),
        "tk-build": ("performance",),
        "tk-clock": ("120000000",),
        "tk-timer": (str(TIMER_HZ),),
        "tk-input": ("0", "int8", "64", "3d808081", "-128", "1x8x8x1"),
        "tk-output": ("0", "int8", "10", "3b800000", "-128", "1x10"),
        "tk-layers": ("5",),
        "tk-upload": ("512", "8"),
        "tk-debugger": ("-1",),
    }


def test_outputs_are_the_model_s(board: HostBoard, digits) -> None:
    data = inputs(5, 64)
    truth = expected(Case("digits", digits.tflite.read_bytes(), (data.reshape(5, 1, 8, 8, 1),)))[0]
    for row, right in zip(data, truth.reshape(5, 10), strict=True):
        said = board.run(*hex_commands(row.tobytes()), "infer 3 1%", "tk output 0%", "tk crc%")
        assert np.frombuffer(raw_output(said.replies[-2]), np.int8).tolist() == right.tolist()
        assert int(parse(said.replies[-1][0]).fields[0], 16) == zlib.crc32(row.tobytes())
        shown = [float(x) for x in parse(said.replies[-3][-1]).fields]
        assert shown == pytest.approx((right.astype(float) + 128) / 256, abs=0.0005 + 1e-9)


def test_state_goes_on_until_it_is_reset(make_board: Callable[..., HostBoard], wakeword_models) -> None:
    model = next(path for path in wakeword_models if "mycroft" in path.name)
    board = make_board(model)
    facts = parse(next(line for line in board.ask("tk info%") if line.startswith("m-tk-input")))
    shape = [int(x) for x in facts.fields[5].split("x")]
    data = np.random.default_rng(5).choice([-128, 127], (STEPS, int(facts.fields[2]))).astype(np.int8)
    truth = expected(Case("stream", model.read_bytes(), (data.reshape(STEPS, *shape),)))[0].reshape(STEPS, -1)
    once = [c for row in data for c in (*hex_commands(row.tobytes()), "infer 1 0%", "tk output 0%")]
    said = board.run(*once, "tk state%", *once)
    outputs = [raw_output(reply) for reply in said.replies if reply and "tk-crc" in reply[-1]]
    assert outputs == [row.tobytes() for row in truth] * 2
    assert ["m-tk-state-[reset]"] in said.replies
    unset = board.run(*once, *once)
    again = [raw_output(reply) for reply in unset.replies if reply and "tk-crc" in reply[-1]]
    assert again[:STEPS] == outputs[:STEPS]
    assert again[STEPS:] != outputs[:STEPS], "the model has no state to speak of: the test is blind"


def test_layers_one_by_one_are_the_same_inference(board: HostBoard) -> None:
    row = inputs(1, 64)[0].tobytes()
    said = board.run(*hex_commands(row), "infer 1 0%", "tk output 0%")
    layered = board.run(*hex_commands(row), "tk profile%", "tk output 0%")
    assert layered.replies[-1] == said.replies[-1]
    *layers, total = map(parse, layered.replies[-2])
    assert [line.fields[0] for line in layers] == ["0", "1", "2", "3", "4"]
    assert sum(int(line.fields[1]) for line in layers) == int(total.fields[0]) > 0


def test_a_window_is_one_pulse(board: HostBoard) -> None:
    row = inputs(1, 64)[0].tobytes()
    said = board.run(*hex_commands(row), "tk arm 20 2%", "tk go%", "tk output 0%", "tk go%")
    assert said.replies[-4:-2][0] == ["m-tk-armed-[20]"]
    go, *end = said.replies[-3]
    assert go == "m-tk-go"
    assert done_with_crc(end, 20) >= 20
    assert said.replies[-1] == ["e-[not armed]"]
    at = said.raw.index(b"m-tk-go\r\n") + len(b"m-tk-go\r\n")
    assert [event for event in said.events if event[2] == at] == [
        ("flush", 0, at),
        ("mark", 0, at),
        ("idle", GUARD_MS, at),
        ("mark", 1, at),
        ("mark", 0, at),
        ("idle", GUARD_MS, at),
    ]
    plain = board.run(*hex_commands(row), "infer 1 0%", "tk output 0%")
    assert said.replies[-2] == plain.replies[-1]


@pytest.mark.parametrize(("command", "event"), [("idle", "idle"), ("sleep", "sleep")])
def test_pauses_begin_once_they_are_said(board: HostBoard, command: str, event: str) -> None:
    said = board.run(f"tk {command} 250%", "name%")
    line = f"m-tk-{command}-[250]\r\n".encode()
    assert said.raw == line + b"m-ready\r\nm-name-dut-[tinykit]\r\nm-ready\r\n"
    assert [event for event in said.events if event[2] == len(line)] == [
        ("flush", 0, len(line)),
        ("mark", 0, len(line)),
        ("idle", GUARD_MS, len(line)),
        ("mark", 1, len(line)),
        (event, 250, len(line)),
        ("mark", 0, len(line)),
        ("idle", GUARD_MS, len(line)),
    ]


RANGE = "e-[argument out of range]"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("tk", "e-[unknown, see tk help]"),
        ("tk inf", "e-[unknown, see tk help]"),
        ("tk output", RANGE),
        ("tk output 1", RANGE),
        ("tk output -1", RANGE),
        ("tk output 4294967296", RANGE),
        ("tk idle", RANGE),
        ("tk idle 0", RANGE),
        ("tk sleep 60001", RANGE),
        ("tk load", RANGE),
        ("tk load 0", RANGE),
        ("tk load 65", RANGE),
        ("tk arm", RANGE),
        ("tk arm 0", RANGE),
        ("tk arm 1 -1", RANGE),
        ("tk go", "e-[not armed]"),
    ],
)
def test_what_cannot_be_is_refused(board: HostBoard, command: str, reply: str) -> None:
    assert board.ask(f"{command}%") == [reply]


def test_an_arm_that_fails_leaves_nothing_armed(board: HostBoard) -> None:
    assert board.ask("tk arm 5%", "tk arm 0%", "tk go%") == ["e-[not armed]"]


@pytest.mark.parametrize("command", ["infer 5 1000000000", "infer 1000000000 0", "tk arm 1 1000000000"])
def test_a_stop_breaks_inferences_off(board: HostBoard, command: str) -> None:
    said = board.run(f"{command}%", Silence(1), b"noise\x03", "name%")
    assert said.replies[0][-1] == "e-[stopped]"
    assert said.replies[1] == ["m-name-dut-[tinykit]"]
    assert [value for what, value, _ in said.events if what == "mark"][-1] == 0


def test_a_stop_breaks_a_window_off(board: HostBoard) -> None:
    said = board.run("tk arm 1000000000%", "tk go%", Silence(1), b"\x03", "tk go%")
    assert said.replies[1:] == [["m-tk-go", "e-[stopped]"], ["e-[not armed]"]]
    assert [value for what, value, _ in said.events if what == "mark"][-1] == 0


def test_several_inputs_lie_behind_each_other(make_board: Callable[..., HostBoard], two_inputs: Any) -> None:
    path, arrays, truth = two_inputs
    board = make_board(path)
    data = b"".join(array.tobytes() for array in arrays)
    said = board.run(*hex_commands(data), "infer 1 0%", "tk output 0%", "tk info%")
    assert raw_output(said.replies[-2]) == truth.tobytes()
    ends = [parse(line).fields[:3] for line in said.replies[-1] if line.startswith("m-tk-input")]
    assert ends == [(str(k), "int8", str(a.nbytes)) for k, a in enumerate(arrays)]


@pytest.fixture(scope="session")
def two_inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[np.ndarray], np.ndarray]:
    """A model that adds two inputs, what goes in, and what comes out."""
    cases = (add(np.random.default_rng(seed)) for seed in range(100))
    case = next(case for case in cases if len(case.inputs) == 2)
    path = tmp_path_factory.mktemp("model") / "two.tflite"
    path.write_bytes(case.model)
    return path, [array[0] for array in case.inputs], expected(case)[0][0]
