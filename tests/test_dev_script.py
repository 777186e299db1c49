"""`dev` itself, on a checkout in small: real virtual environments and a real pip, no network.

The small checkout has its own build backend, so that pip needs nothing from an index. Stub interpreters
stand in only where this machine cannot have the real thing: a Python that is too old or lacks venv.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TOOLS = ["cat", "cksum", "dirname", "grep", "ls", "rm", "sed", "sh", "sleep", "tail", "tee"]

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tinykit"
version = "0.0"
scripts = { tinykit = "tinykit:main" }

[project.optional-dependencies]
demo = []
test = []
"""

# Makes an editable wheel, after doing what the file `mood` tells it to.
BACKEND = """
import pathlib, time, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    with open("builds", "a") as file:
        file.write("x")
    mood = pathlib.Path("mood").read_text()
    if mood == "fail":
        raise SystemExit("no such luck")
    if mood == "slow":
        time.sleep(2)
    metadata = "Metadata-Version: 2.1\\nName: tinykit\\nVersion: 0.0\\n"
    metadata += "Provides-Extra: demo\\nProvides-Extra: test\\n"
    if mood == "needy":
        metadata += "Requires-Dist: not-to-be-had; extra == 'demo'\\n"
    info = "tinykit-0.0.dist-info/"
    files = {
        "tinykit.pth": str(pathlib.Path.cwd()) + "\\n",
        info + "METADATA": metadata,
        info + "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[console_scripts]\\ntinykit = tinykit:main\\n",
    }
    files[info + "RECORD"] = "".join(f"{name},,\\n" for name in [*files, info + "RECORD"])
    name = "tinykit-0.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
"""

PACKAGE = """
import os, sys

def main():
    print("tinykit", *sys.argv[1:], "in", os.getcwd())
"""


class Checkout:
    """A checkout in small, and what its `dev` did."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        (root / "tinykit").mkdir(parents=True)
        files = {"pyproject.toml": PYPROJECT, "backend.py": BACKEND, "tinykit/__init__.py": PACKAGE}
        for name, text in {**files, "constraints.txt": "", "mood": "well", "builds": ""}.items():
            (root / name).write_text(text, encoding="utf-8")
        shutil.copy(Path(__file__).parent.parent / "dev", root / "dev")

    def start(self, *words: str, cwd: Path | None = None, **env: str) -> subprocess.Popen[str]:
        # An index that nobody serves: what cannot be built here cannot be had.
        closed = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "1", "PIP_NO_CACHE_DIR": "1"}
        pip_free = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        return subprocess.Popen(
            [self.root / "dev", *words],
            cwd=cwd or self.root,
            env={**pip_free, "PYTHON": sys.executable, "PIP_CONFIG_FILE": os.devnull, **closed, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def dev(self, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*words, cwd=cwd, **env)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    @property
    def builds(self) -> int:
        return len((self.root / "builds").read_text(encoding="utf-8"))

    def mood(self, mood: str) -> None:
        (self.root / "mood").write_text(mood, encoding="utf-8")

    def stamps(self) -> list[str]:
        return sorted(p.name for p in self.venv.glob("stamp-*"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in a path with a space and a quote, in which ``./dev demo`` has run once."""
    checkout = Checkout(tmp_path_factory.mktemp("dev") / "it's a checkout")
    first = checkout.dev("demo", "-o", "a b")
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"tinykit demo -o a b in {checkout.root}\n"
    assert "installing" in first.stderr
    return checkout


@pytest.fixture
def small(installed: Checkout) -> Iterator[Checkout]:
    """The installed checkout, in good mood and with a finished installation again after each test."""
    yield installed
    installed.mood("well")
    assert installed.dev("demo").returncode == 0


def test_a_second_run_starts_at_once_from_any_directory(small: Checkout, tmp_path: Path) -> None:
    builds = small.builds
    again = small.dev("tinykit", "inspect", "m.tflite", cwd=tmp_path)
    demo = small.dev("demo", cwd=tmp_path)
    assert again.stdout == f"tinykit inspect m.tflite in {tmp_path}\n"
    assert demo.stdout == f"tinykit demo in {tmp_path}\n"
    assert (again.stderr, demo.stderr) == ("", "")
    assert small.builds == builds


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_installs_again(small: Checkout, name: str) -> None:
    builds = small.builds
    with (small.root / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert "installing" in small.dev("demo").stderr
    assert small.dev("demo").stderr == ""
    assert small.builds == builds + 1


def test_an_interrupted_installation_leaves_no_stamp_and_is_gone_on_from(small: Checkout) -> None:
    (small.venv / "stamp-demo").unlink()
    small.mood("slow")
    builds = small.builds
    process = small.start("demo")
    _until(lambda: small.builds > builds)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert small.stamps() == []
    small.mood("well")
    again = small.dev("demo")
    assert again.returncode == 0, again.stderr
    assert "making .venv" not in again.stderr
    assert small.stamps() == ["stamp-demo"]


@pytest.mark.slow
def test_an_environment_whose_making_was_cut_off_is_repaired(small: Checkout) -> None:
    (small.venv / "stamp-demo").unlink()
    (packages,) = small.venv.glob("lib/python*/site-packages")
    shutil.rmtree(next(packages.glob("pip-*.dist-info")))
    shutil.rmtree(packages / "pip" / "_internal" / "commands")
    again = small.dev("demo")
    assert again.returncode == 0, again.stderr


def test_two_at_once_install_once(small: Checkout) -> None:
    (small.venv / "stamp-demo").unlink()
    small.mood("slow")
    builds = small.builds
    both = [small.start("demo"), small.start("demo")]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert small.builds == builds + 1
    assert sorted("another ./dev is installing" in err for err in said) == [False, True]


def test_a_failed_installation_is_one_line_with_the_log(small: Checkout) -> None:
    (small.venv / "stamp-demo").unlink()
    small.mood("fail")
    failed = small.dev("demo")
    assert failed.returncode == 1
    assert failed.stdout == ""
    line = failed.stderr.splitlines()[-1]
    assert line.startswith("dev: pip could not install: ")
    assert str(small.venv / "install.log") in line
    assert "no such luck" in (small.venv / "install.log").read_text(encoding="utf-8")
    assert small.stamps() == []


@pytest.mark.slow
def test_no_network_is_said_in_one_line(small: Checkout) -> None:
    (small.venv / "stamp-demo").unlink()
    small.mood("needy")
    failed = small.dev("demo")
    assert failed.returncode == 1
    assert "is there a network?" in failed.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_dead_interpreter_is_replaced(small: Checkout) -> None:
    (small.venv / "bin" / "python").unlink()
    (small.venv / "bin" / "python").symlink_to("/nonexistent/python")
    again = small.dev("demo")
    assert again.returncode == 0, again.stderr
    assert "making .venv" in again.stderr
    assert small.dev("demo").stderr == ""


@pytest.mark.slow
def test_a_moved_checkout_is_installed_again(tmp_path: Path, installed: Checkout) -> None:
    here = installed.root
    there = here.rename(tmp_path / "moved")
    try:
        done = subprocess.run([there / "dev", "tinykit"], env={**os.environ, "PYTHON": sys.executable})
        where = subprocess.run(
            [there / ".venv/bin/python", "-I", "-c", "import tinykit; print(tinykit.__file__)"],
            capture_output=True,
            text=True,
        )
    finally:
        there.rename(here)
    assert done.returncode == 0
    assert where.stdout.strip() == str(there / "tinykit" / "__init__.py")


def test_docs_writes_pages_and_then_builds_the_site(small: Checkout, tmp_path: Path) -> None:
    says = "import sys\nprint(sys.argv[1:])\n"
    for name in ("sphinx.py", "tinykit/cli/reference.py"):
        path = small.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(says, encoding="utf-8")
    done = small.dev("docs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    pages, site = done.stdout.splitlines()
    assert pages == "[]"
    assert "'--fail-on-warning'" in site
    assert site.endswith("'docs', 'build/docs']")
    (small.root / "sphinx.py").write_text("raise SystemExit(1)\n", encoding="utf-8")
    assert small.dev("docs").returncode == 1


def test_an_unknown_command_and_help(installed: Checkout) -> None:
    wrong = installed.dev("tset")
    assert wrong.returncode == 1
    assert wrong.stderr.endswith("dev: no command 'tset'\n")
    assert installed.dev("help").stdout == installed.dev().stdout
    assert "./dev demo" in installed.dev("--help").stdout


@pytest.fixture
def bare(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``./dev demo`` in a fresh checkout where PATH holds the given interpreters and nothing more."""
    checkout = Checkout(tmp_path / "checkout")
    path = tmp_path / "bin"
    path.mkdir()
    for tool in TOOLS:
        (path / tool).symlink_to(str(shutil.which(tool)))

    def run(**pythons: str) -> subprocess.CompletedProcess[str]:
        for name, script in pythons.items():
            (path / name.replace("_", ".")).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (path / name.replace("_", ".")).chmod(0o755)
        done = checkout.dev("demo", PATH=str(path), PYTHON="")
        assert not checkout.venv.exists()
        return done

    return run


NO_VENV = 'case $2 in *version_info*) echo {} ;; *) echo "No module named ensurepip" >&2; exit 1 ;; esac'


@pytest.mark.parametrize(
    ("pythons", "line"),
    [
        ({}, "needs Python 3.11, 3.12 or 3.13 (found none)"),
        ({"python3": "echo 3.9"}, "(python3 is 3.9)"),
        ({"python3": "echo 3.14"}, "(python3 is 3.14)"),
        ({"python3_12": "exit 127"}, "(found none)"),
        (
            {"python3": NO_VENV.format("3.12")},
            "Python 3.12 has no venv module. On Debian and Ubuntu: apt install",
        ),
        ({"python3_13": NO_VENV.format("3.13"), "python3": "echo 3.9"}, "apt install python3.13-venv"),
    ],
    ids=[
        "none",
        "too old",
        "too new",
        "a shim that does not run",
        "no venv",
        "one without venv, one too old",
    ],
)
def test_a_missing_prerequisite_gets_one_clear_line(
    bare: Callable[..., subprocess.CompletedProcess[str]], pythons: dict[str, str], line: str
) -> None:
    done = bare(**pythons)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert line in done.stderr


@pytest.mark.parametrize("script", ["dev", ".ci/run"])
def test_shellcheck_finds_nothing(require: Callable[[str], Path], checkout: Path, script: str) -> None:
    done = subprocess.run([require("shellcheck"), checkout / script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
