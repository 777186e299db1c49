"""The bench as other rooms see it: a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hand_model
import numpy as np
import pytest

from tinykit.bench import BenchJob, run_job
from tinykit.bench.hook_library import load_hook
from tinykit.errors import BuildError, DeviceError, InputError

INPUTS = np.zeros((3, hand_model.SIZE), np.int8)


class Heard:
    def __init__(self) -> None:
        self.done = 0
        self.warnings: list[str] = []

    def start(self, stage: str, total: int | None = None) -> None: ...

    def advance(self, steps: int = 1) -> None:
        self.done += steps

    def finish(self, note: str = "") -> None: ...

    def warn(self, code: str, message: str, hint: str = "") -> None:
        self.warnings.append(code)


def test_results_come_back_whole(job) -> None:
    from tinykit.bench.__main__ import run

    asked = job("virtual-m4", INPUTS)
    here, there = run(asked), run_job(asked)
    assert here.to_dict() | {"seconds": 0} == there.to_dict() | {"seconds": 0}
    assert there.hook == "c"
    assert there.hook_note == ""


def test_progress_is_heard_while_it_runs(job) -> None:
    heard = Heard()
    run_job(job("virtual-m4", INPUTS, slice_cycles=100), heard)
    assert heard.done in (2, 3)


def test_the_asking_process_never_loads_unicorn(job, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(job("virtual-m4", INPUTS).to_json())
    program = (
        "import sys, pathlib\n"
        "import tinykit.bench, tinykit.running, tinykit.boards, tinykit.toolchain\n"
        "from tinykit.running.runner import places\n"
        "places()\n"
        "job = tinykit.bench.BenchJob.from_json(pathlib.Path(sys.argv[1]).read_text())\n"
        "assert tinykit.bench.run_job(job).each\n"
        "assert not {'unicorn', 'capstone'} & set(sys.modules), 'loaded'\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "job.json")], check=True, timeout=120)


@pytest.mark.parametrize(
    ("code", "where", "name"),
    [
        ("*(volatile int *)0x60000000 = 1;", "tk_layer_01_count+0x", "FIRMWARE_WRITE_UNMAPPED"),
        ("*(volatile int *)0x100 = 1;", "tk_layer_01_count+0x", "FIRMWARE_FLASH_WRITE"),
        ('__asm volatile("udf #0");', "tk_layer_01_count+0x", "FIRMWARE_INVALID_INSTRUCTION"),
    ],
)
def test_a_fault_names_symbol_and_offset(code: str, where: str, name: str, job) -> None:
    with pytest.raises(DeviceError) as caught:
        run_job(job("virtual-m4", INPUTS, code={"in_layer": code}))
    assert caught.value.code == name
    assert where in caught.value.message
    assert caught.value.exit_code == 5


def test_a_hung_model_is_ended(job) -> None:
    asked = job(
        "virtual-m4",
        INPUTS,
        code={"in_layer": 'for (;;) { __asm volatile(""); }'},
        limit_instructions=100_000,
        slice_cycles=10_000,
    )
    with pytest.raises(DeviceError) as caught:
        run_job(asked)
    assert caught.value.code == "FIRMWARE_HUNG"


def test_an_image_for_another_core_is_refused_by_the_core(job, compiled) -> None:
    with pytest.raises(DeviceError) as caught:
        run_job(job("virtual-m0", INPUTS, elf=compiled("virtual-m4").elf))
    assert caught.value.code in ("FIRMWARE_INVALID_INSTRUCTION", "FIRMWARE_EMULATOR")


def test_errors_keep_their_class_and_code_across_the_border(job, tmp_path: Path) -> None:
    (tmp_path / "no.elf").write_bytes(b"not an image")
    with pytest.raises(BuildError) as caught:
        run_job(job("virtual-m4", INPUTS, elf=tmp_path / "no.elf"))
    assert caught.value.code == "IMAGE"


def test_a_process_that_dies_is_told_calmly(job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DeviceError) as caught:
        run_job(job("virtual-m4", INPUTS))
    assert caught.value.code == "BENCH_DIED"


def test_without_the_c_hook_python_counts_the_same_and_says_why(
    job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = job("virtual-m4", INPUTS)
    expected = run_job(asked)
    (tmp_path / "file").write_text("no folder can be made below a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    heard = Heard()
    result = run_job(asked, heard)
    assert (result.hook, heard.warnings) == ("python", ["BENCH_SLOW"])
    assert "cache" in result.hook_note
    assert (result.each, result.layers) == (expected.each, expected.layers)


def test_a_hook_that_does_not_compile_is_told_in_the_compilers_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.c").write_text("this is not C")
    monkeypatch.setattr("tinykit.bench.hook_library.SOURCE", tmp_path / "broken.c")
    library, why = load_hook()
    assert library is None
    assert "error" in why


def test_jobs_survive_the_border(job) -> None:
    asked = job("virtual-m4", INPUTS, reset_each=False, hook="python")
    assert BenchJob.from_json(asked.to_json()) == asked


def test_what_does_not_fit_the_mailbox_is_refused(job) -> None:
    from tinykit.bench.mailbox import lay_out
    from tinykit.boards import load_board

    with pytest.raises(InputError) as caught:
        lay_out(load_board("virtual-m4"), 1_000_000, (100,), (100,))
    assert caught.value.code == "MAILBOX_FULL"
