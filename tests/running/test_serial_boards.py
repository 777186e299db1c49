"""Boards on a real pty, through real pyserial: ours, and strict firmwares with each of their quirks."""

from __future__ import annotations

import numpy as np
import pytest
from running.stand_in import Quirks, StandIn, a_model, a_workload, served, truth

from tinykit.errors import InputError, TinykitError
from tinykit.running.execute import RunOptions, run_model
from tinykit.running.places.serial import SerialBoard
from tinykit.running.serial.exchange import Patience
from tinykit.running.serial.link import LineError
from tinykit.running.targets import Target

QUICK = Patience(turnaround_s=0.5, quiet_s=0.01, boot_s=4.0)
FOREIGN = Quirks(extension=False)


def rows(n: int, size: int = 12) -> np.ndarray:
    return np.random.default_rng(n).integers(-128, 128, (n, size)).astype(np.int8)


def opened(port: str, model, **words):
    return SerialBoard(Target(port, port, baud=921_600, **words), QUICK).open(a_workload(model))


@pytest.mark.parametrize("outputs", [(4,), (3, 3), (100, 2)])
@pytest.mark.parametrize("stateful", [False, True])
def test_our_board_gives_its_raw_outputs(outputs, stateful) -> None:
    model, x = a_model(1500, outputs, stateful=stateful), rows(3, 1500)
    with served(StandIn(model)) as port, opened(port, model) as session:
        found = session.infer((x,))
        assert session.device.capabilities.times_itself
        assert session.device.model_sha256 == model.sha256
        for got, wanted in zip(found.outputs, truth(model, x), strict=True):
            assert (got == wanted).all()
        assert [layer.ticks for layer in session.layers()] == [600, 400]
        window = session.window(20, 2)
        assert window.inferences == 20
        assert 0.019 < window.duration_s < 10
        session.rest("idle", 5)


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(extension=False, trailing_comma=True),
        Quirks(extension=False, blanks=True),
        Quirks(extension=False, wide_times=True),
        Quirks(extension=False, wraps=True),
        Quirks(extension=False, echo=True),
        Quirks(extension=False, crlf_noise=True),
        Quirks(extension=False, boot_s=1.0),
        Quirks(extension=False, boot_s=0.6, late_banner=True),
        Quirks(extension=False, name="m-name-ebaz-4205-[x]"),
        Quirks(extension=False, knows_print=False, knows_results=False),
        Quirks(extension=False, free_text=True),
        Quirks(extension=False, energy=True),
    ],
    ids=lambda q: ",".join(k for k, v in vars(q).items() if v != getattr(FOREIGN, k)),
)
def test_a_strict_firmware_with_a_quirk(quirks: Quirks) -> None:
    model, x = a_model(40), rows(2, 40)
    with served(StandIn(model, quirks)) as port, opened(port, model) as session:
        found = session.infer((x,))
        assert not session.device.capabilities.gives_raw_outputs
        expected = (truth(model, x)[0].astype(int) + 128) / 256
        assert np.abs(found.outputs[0] - expected).max() < 1e-3
        window = session.window(50)
        assert 0.045 < window.duration_s < 10
        assert ("not verifiable" in found.transfer) is not quirks.knows_print


@pytest.mark.parametrize("laps", [0, 1, 3])
def test_times_that_are_missing_or_doubled_give_no_window(laps: int) -> None:
    model = a_model(8)
    board = StandIn(model, Quirks(extension=False, laps=laps, energy=False))
    with served(board) as port, opened(port, model) as session:
        with pytest.raises(TinykitError) as caught:
            session.infer((rows(1, 8),))
        assert caught.value.code == "REPLY_DAMAGED"


def test_a_board_with_another_model_is_refused() -> None:
    with served(StandIn(a_model(8))) as port, pytest.raises(InputError) as caught, opened(port, a_model(9)):
        pass
    assert caught.value.code == "BOARD_OTHER_MODEL"


def test_an_input_too_big_for_the_board_is_refused() -> None:
    model = a_model(64)
    board = StandIn(model, Quirks(extension=False, max_input=16))
    with served(board) as port, opened(port, model) as session, pytest.raises(InputError) as caught:
        session.infer((rows(1, 64),))
    assert caught.value.code == "INPUT_TOO_BIG"


def test_half_a_command_of_an_earlier_run_does_no_harm() -> None:
    model, x = a_model(8), rows(1, 8)
    for half in (b"db 00112", b"infer 3", b"tk outp"):
        board = StandIn(model)
        board.hear(half)
        with served(board) as port, opened(port, model) as session:
            assert (session.infer((x,)).outputs[0] == truth(model, x)[0]).all()


@pytest.mark.parametrize("quirks", [Quirks(), FOREIGN])
def test_an_interrupt_leaves_the_board_answering(quirks: Quirks) -> None:
    model = a_model(3000)

    class Interrupting:
        def start(self, *words) -> None: ...
        def finish(self, *words) -> None: ...
        def warn(self, *words) -> None: ...

        def advance(self, steps: int = 1) -> None:
            raise KeyboardInterrupt

    with served(StandIn(model, quirks)) as port:
        with pytest.raises(KeyboardInterrupt), opened(port, model) as session:
            session.infer((rows(3, 3000),), Interrupting())
        x = rows(1, 3000)
        with opened(port, model) as session:
            session.infer((x,))


def test_an_interrupted_upload_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinykit.running.serial import upload

    model, x = a_model(3000), rows(1, 3000)
    with served(StandIn(model)) as port:
        with monkeypatch.context() as patch:
            patch.setattr(upload, "answer", lambda byte: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt), opened(port, model) as session:
                session.infer((x,))
        with opened(port, model) as session:
            assert (session.infer((x,)).outputs[0] == truth(model, x)[0]).all()


def test_the_energy_build_tells_its_ticks_after_the_window() -> None:
    model = a_model(8)
    board = StandIn(model, Quirks(energy=True), build="energy")
    with served(board) as port, opened(port, model) as session:
        session.infer((rows(1, 8),))
        assert session.device.capabilities.times_itself
        session.arm(30)
        window = session.go(30)
        assert window.clock == "board, timer ticks"
        assert window.duration_s == pytest.approx(0.03)
        assert (session.infer((rows(2, 8),)).outputs[0] == truth(model, rows(2, 8))[0]).all()


def test_a_damaged_time_is_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    model = a_model(8)
    board = StandIn(model)
    answer = board._answer

    def flipped(text: str) -> list[str]:
        return [line.replace("-[30,30000]", "-[30,30001]") for line in answer(text)]

    with served(board) as port, opened(port, model) as session:
        session.infer((rows(1, 8),))
        monkeypatch.setattr(board, "_answer", flipped)
        session.arm(30)
        with pytest.raises(LineError, match="CRC"):
            session.go(30)


def test_a_firmware_for_an_emulated_board_is_simulated_on_whatever_port(monkeypatch) -> None:
    model = a_model(8)
    board = StandIn(model)
    info = [line.replace("stand-in", "virtual-m4") for line in board._info()]
    monkeypatch.setattr(board, "_info", lambda: info)
    with served(board) as port, opened(port, model) as session:
        assert session.device.simulated
    with served(StandIn(model)) as port, opened(port, model) as session:
        assert not session.device.simulated


def test_samples_of_an_image_stay_one_stream(tmp_path) -> None:
    """Nobody can tell whether an image keeps state: a reset among its samples would be silent."""
    model, x = a_model(12, (4,), stateful=True), rows(40)
    image, data = tmp_path / "firmware.elf", tmp_path / "x.npy"
    image.write_bytes(b"\x7fELF")
    np.save(data, x)
    with served(StandIn(model)) as port:
        report = run_model(image, Target(port, port), options=RunOptions(inputs=data, repeat=1))
    assert (report.result.outputs[0] == truth(model, x)[0]).all()
