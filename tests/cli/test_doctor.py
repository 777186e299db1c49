"""tinykit doctor: says what is there, what is missing and how to get it, and finds what is broken."""

import functools
import json
import os
import tomllib
from dataclasses import dataclass

import jsonschema
import pytest

from tinykit import doctor


@pytest.fixture
def validate(checkout):
    schema = json.loads((checkout / "tinykit/data/schemas/doctor.v1.schema.json").read_text())

    def check(text):
        document = json.loads(text)
        jsonschema.validate(document, schema)
        return {entry["name"]: entry for entry in document["checks"]}, document

    return check


@pytest.fixture(autouse=True)
def bare_bench(tmp_path, monkeypatch):
    """No settings file above, no serial ports of the machine that runs the tests, and no haste."""
    monkeypatch.setattr(doctor, "PROBE_TIMEOUT_S", 60.0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TINYKIT_CONFIG", raising=False)
    plug(monkeypatch)


TRIED = functools.cache(doctor._run)


@pytest.fixture
def tried_once(monkeypatch):
    """Packages and programs are tried once for all the tests that ask for something else."""
    monkeypatch.setattr(doctor, "_run", TRIED)


def plug(monkeypatch, *ports):
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: list(ports))


@dataclass
class Port:
    device: str
    description: str = "USB Serial"
    vid: int | None = 0x2E8A


def put_program(monkeypatch, folder, name, text):
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_the_document_follows_its_schema(tinykit, validate):
    ran = tinykit("doctor", "--json")
    assert ran.code == 0, ran.out
    checks, _ = validate(ran.out)
    assert checks["python"]["state"] == "ok"
    assert checks["ai-edge-litert"]["state"] == "ok"
    assert checks["tensorflow"]["state"] == "installed"
    assert "not tried" in checks["tensorflow"]["found"]
    assert checks["ziglang"]["state"] == checks["unicorn"]["state"] == "ok"


@pytest.mark.usefixtures("tried_once")
def test_people_see_every_part_and_the_way_to_get_it(tinykit):
    ran = tinykit("doctor")
    assert ran.code == 0
    assert "ai-edge-litert" in ran.out
    assert "pip install 'tinykit[runtime-legacy]'" in ran.out
    assert "2 installed and not tried" in ran.out
    assert "with a problem" in ran.out


def test_it_does_not_import_tensorflow(process):
    code = (
        "import sys; from tinykit.cli.app import main; main(['doctor']); print('tensorflow' in sys.modules)"
    )
    assert process(code=code).out.endswith("False\n")


def test_every_extra_that_it_names_exists(checkout):
    extras = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for entry in doctor._PACKAGES:
        wanted = " ".join(extras[entry.extra]).lower()
        assert entry.distribution.lower() in wanted, entry


def test_every_optional_package_is_examined(checkout):
    extras = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    known = {entry.distribution for entry in doctor._PACKAGES} | {"ai-edge-litert", "tflite-runtime"}
    helpers = {"numpy", "capstone", "pyelftools"}
    # For drivers that nobody has written yet: to examine them would promise what they are for.
    waiting = {"pyjoulescope-driver", "pyvisa", "pyvisa-py", "otii-tcp-client", "nvidia-ml-py"}
    assert not waiting & known
    # The last two are for those who work on tinykit: no command needs them.
    for extra in set(extras) - {"all", "demo", "test", "docs"}:
        for requirement in extras[extra]:
            name = requirement.split(";")[0].rstrip("0123456789.<>=!, ")
            assert name in known | helpers | waiting or name.startswith("tinykit["), requirement


def test_a_missing_package_names_its_extra(tmp_path, process):
    # A Python that sees tinykit and its core, and none of the extras.
    code = (
        "import importlib.metadata as m, sys\n"
        "real = m.version\n"
        "def version(name):\n"
        "    if name in ('tensorflow', 'ziglang'): raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version\n"
        "from tinykit.doctor import examine\n"
        "for c in examine().checks:\n"
        "    if c.name in ('tensorflow', 'ziglang'): print(c.state, c.remedy)\n"
    )
    assert process(code=code).out.splitlines() == [
        "missing pip install 'tinykit[convert]'",
        "missing pip install 'tinykit[build]'",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise ImportError('libc6 is too old')", "ImportError: libc6 is too old"),
        ("import os; os.abort()", "signal 6"),
        ("import time; time.sleep(60)", "did not end within 1 s"),
        ("", ""),
    ],
)
def test_a_package_that_is_installed_is_tried(monkeypatch, tmp_path, text, reason):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "unicorn.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    if "sleep" in text:
        monkeypatch.setattr(doctor, "PROBE_TIMEOUT_S", 1.0)
    (entry,) = (entry for entry in doctor._PACKAGES if entry.distribution == "unicorn")
    check = doctor._package(entry)
    assert check.state == ("problem" if reason else "ok")
    assert reason in check.found
    assert ("--force-reinstall unicorn" in check.remedy) == bool(reason)


def test_a_file_in_the_working_folder_is_not_the_package(tmp_path):
    (tmp_path / "unicorn.py").write_text("raise ImportError('not me')")
    check = {entry.name: entry for entry in doctor.examine().checks}["unicorn"]
    assert check.state == "ok"


@pytest.mark.usefixtures("tried_once")
def test_a_program_is_asked_for_its_version(monkeypatch, tmp_path):
    put_program(monkeypatch, tmp_path / "bin", "clang", "echo clang version 99.1; echo more")
    check = {entry.name: entry for entry in doctor.examine().checks}["clang"]
    assert (check.state, check.found) == ("ok", "clang version 99.1")


@pytest.mark.usefixtures("tried_once")
def test_a_program_that_does_not_run_is_a_problem(monkeypatch, tmp_path, tinykit, validate):
    put_program(monkeypatch, tmp_path / "bin", "qemu-system-arm", "exit 127")
    ran = tinykit("doctor", "--json")
    assert ran.code == 4
    checks, document = validate(ran.out)
    assert checks["qemu-system-arm"]["state"] == "problem"
    assert document["error"]["code"] == "DOCTOR_PROBLEM"
    assert "qemu-system-arm" in document["error"]["message"]


def test_a_broken_runtime_is_a_problem_with_its_reason(monkeypatch, tmp_path, process):
    """A package that is installed and dies on use, as tflite_runtime does beside NumPy 2."""
    site = tmp_path / "site"
    (site / "tflite_runtime").mkdir(parents=True)
    (site / "tflite_runtime" / "__init__.py").write_text("")
    (site / "tflite_runtime" / "interpreter.py").write_text(
        "class Interpreter:\n    def __init__(self, **_):\n        raise ImportError('numpy.core failed')\n"
    )
    info = site / "tflite_runtime-2.14.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tflite-runtime\nVersion: 2.14.0\n")
    ran = process("doctor", PYTHONPATH=str(site))
    assert ran.code == 4
    line = next(line for line in ran.out.splitlines() if "tflite-runtime" in line)
    assert "problem" in line
    assert "2.14.0" in line


@pytest.mark.usefixtures("tried_once")
def test_a_port_that_can_be_opened_is_ok(monkeypatch, tmp_path):
    device = tmp_path / "ttyACM0"
    device.touch()
    plug(monkeypatch, Port(str(device), "nRF PPK2"))
    check = doctor.examine().checks[-1]
    assert (check.name, check.state, check.found) == (str(device), "ok", "nRF PPK2")


CLOSED = """
import grp, os, pathlib, types
from serial.tools import list_ports
from tinykit.config import Config
from tinykit.doctor import _ports
port = types.SimpleNamespace(device={device!r}, description="PPK2", vid={vid})
list_ports.comports = lambda: [port]
# Root opens everything; what is imported is in memory already, the interpreter may lie in root's home.
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for check in _ports(Config()):
    print(check.state, "|", check.found, "|", check.remedy)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="drops root in a child")
@pytest.mark.parametrize(("vid", "state"), [(0x1915, "problem"), (None, "missing")])
def test_a_port_without_permission_names_its_group(process, vid, state):
    import grp
    import tempfile
    from pathlib import Path

    # pytest's own folders are closed to the user that the child becomes.
    with tempfile.NamedTemporaryFile() as device:
        os.chown(device.name, 0, grp.getgrnam("dialout").gr_gid)
        Path(device.name).chmod(0o660)
        ran = process(code=CLOSED.format(device=device.name, vid=vid))
    assert ran.out.startswith(f"{state} | no permission to open it; PPK2 | sudo usermod -aG dialout"), ran.err


@pytest.mark.usefixtures("tried_once")
def test_a_named_port_that_is_absent_is_a_problem(tmp_path, tinykit):
    (tmp_path / "tinykit.toml").write_text(
        '[targets.desk]\nport = "/dev/nowhere"\n[meters.net]\nport = "socket://bench:4000"\n'
    )
    ran = tinykit("doctor")
    assert ran.code == 4
    assert "named in tinykit.toml, not there" in ran.out
    assert "socket://" not in ran.out


@pytest.mark.usefixtures("tried_once")
def test_wrong_settings_are_a_problem_and_the_rest_is_examined(tmp_path, tinykit):
    settings = tmp_path / "bench.toml"
    settings.write_text("[targets.desk]\nprot = 1\n")
    ran = tinykit("doctor", "--config", settings)
    assert ran.code == 4
    assert "Did you mean port?" in ran.out
    assert "ai-edge-litert" in ran.out


@pytest.mark.usefixtures("tried_once")
def test_a_ports_description_cannot_steer_the_terminal(monkeypatch, tmp_path, tinykit):
    device = tmp_path / "ttyACM0"
    device.touch()
    plug(monkeypatch, Port(str(device), "evil\x1b]0;title\x07[red]"))
    out = tinykit("doctor").out
    assert "\x1b" not in out
    assert "evil\\x1b]0;title\\x07[red]" in out


@pytest.mark.usefixtures("tried_once")
def test_a_full_disk_is_a_problem(monkeypatch):
    monkeypatch.setattr(doctor, "NEEDED_CACHE_BYTES", 1 << 62)
    check = {entry.name: entry for entry in doctor.examine().checks}["cache"]
    assert check.state == "problem"
    assert "GB free" in check.found
