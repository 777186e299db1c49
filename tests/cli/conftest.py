"""A package that brings commands through the entry-point group, as other people's packages do."""

import os
import subprocess
import sys
from collections import namedtuple

import pytest

PLUGIN = """
import os, signal, sys, time
import click
from tinykit.cli.common import common_options
from tinykit.errors import DeviceError, GateError, MissingExtraError, ModelError

def made(function):
    return click.command(function.__name__, help="A command of the tests.")(common_options(function))

def document(**more):
    return {"schema": "test.document", "schema_version": 1, **more}

@made
def good(output):
    output.progress.start("Working", 2)
    output.progress.advance(2)
    output.progress.finish("all well")
    output.progress.warn("ODD", "something odd", "look at it")
    value = [float("nan"), float("inf"), (1, 2), None, "\\u2192"]
    output.emit(document(value=value), lambda console: console.print("value \\u2192 [bold]1[/bold]"))

@made
def crash(output):
    raise ZeroDivisionError("a defect [bold]inside\\x1b[31m")

@made
def crash_after(output):
    output.emit(document(), lambda console: console.print("drawn"))
    raise ZeroDivisionError("late")

@made
def model(output):
    raise ModelError("m.tflite is cut off at byte 12.", hint="Copy it again.", code="MODEL_TRUNCATED")

@made
def device(output):
    raise DeviceError("/dev/ttyACM0 is gone.", hint="Plug it in.")

@made
def extra(output):
    raise MissingExtraError("TensorFlow", "convert")

@made
def gate(output):
    output.emit(document(drop=0.02), lambda console: console.print("drop 0.02"))
    raise GateError("The drop is above the limit.", hint="See docs.")

@made
def unserialisable(output):
    output.emit(document(value={1, 2}), lambda console: None)

@made
def twice(output):
    output.emit(document(), lambda console: None)
    output.emit(document(), lambda console: None)

@made
def long(output):
    output.emit(document(), lambda console: [console.print(n) for n in range(200000)])

@made
def socket_pipe(output):
    raise BrokenPipeError("the board's socket, not stdout")

@made
def waits(output):
    output.progress.start("Waiting")
    try:
        print("ready", file=sys.stderr, flush=True)
        time.sleep(60)
    finally:
        print("cleaned up", file=sys.stderr, flush=True)

@made
def needs(output):
    pass
needs = click.option("--count", type=int, required=True)(needs)

not_a_command = 7
"""

COMMANDS = "good crash crash_after model device extra gate unserialisable twice long socket_pipe waits"


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Installs a package with the commands above, named t-good, t-crash and so on; its folder."""
    folder = tmp_path / "site"
    info = folder / "tinykit_test_plugin-1.dist-info"
    info.mkdir(parents=True)
    (folder / "tinykit_test_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tinykit-test-plugin\nVersion: 1\n")
    lines = [f"t-{name.replace('_', '-')} = tinykit_test_plugin:{name}" for name in COMMANDS.split()]
    lines.append("t-not-a-command = tinykit_test_plugin:not_a_command")
    lines.append("t-absent = tinykit_test_absent:command")
    (info / "entry_points.txt").write_text("[tinykit.commands]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.delitem(sys.modules, "tinykit_test_plugin", raising=False)
    return folder


Ran = namedtuple("Ran", "code out err")


@pytest.fixture
def tinykit(capsys):
    """Runs the command line in this process."""
    from tinykit.cli.app import main

    def run(*args):
        capsys.readouterr()
        code = main([str(arg) for arg in args])
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def process():
    """Runs the command line, or any Python text, in a process of its own."""

    def run(*args, code=None, timeout_s=120, **environment):
        command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "tinykit", *map(str, args)]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            timeout=timeout_s,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def energy_firmware(digits, tmp_path_factory):
    """The digits model's energy build for virtual-m4."""
    from tinykit.boards import load_board
    from tinykit.compiler.image import build_model

    folder = tmp_path_factory.mktemp("energy") / "build"
    built = build_model(digits.tflite, load_board("virtual-m4"), folder, energy=True)
    assert built.image is not None
    return built.image.elf


@pytest.fixture
def emulate_rig(energy_firmware, tmp_path):
    """Starts ``tinykit emulate --meter`` with more words, and stops it at the end."""
    from emulated import Emulated

    started = []

    def start(*words):
        started.append(Emulated(tmp_path / "ports", "--firmware", str(energy_firmware), *words))
        return started[-1]

    yield start
    for one in started:
        one.stop()
