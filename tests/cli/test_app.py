"""Finding commands, loading only one, help, completion."""

import json
import subprocess
import sys

import pytest

LOADED = """
import sys
from tinykit.cli.app import main
code = main({args!r})
sys.stdout.flush()
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
HEAVY = {"tensorflow", "keras", "numpy", "rich", "jinja2", "serial", "scipy", "PIL", "ai_edge_litert"}


def loaded_by(process, *args):
    ran = process(code=LOADED.format(args=list(args)))
    assert ran.code == 0, ran.err
    return set(ran.err.split())


def commands_loaded(modules):
    """Command modules among the loaded ones; the frame's own files are not commands."""
    frame = {"tinykit.cli.app", "tinykit.cli.common", "tinykit.cli.group"}
    return {name for name in modules if name.startswith("tinykit.cli.")} - frame


def test_help_loads_nothing_heavy(process):
    assert not loaded_by(process, "--help") & HEAVY


def test_version_loads_no_command(process):
    assert not commands_loaded(loaded_by(process, "--version"))


@pytest.mark.parametrize("name", ["doctor", "convert", "inspect", "completion"])
def test_a_command_loads_its_own_module_only(process, name):
    modules = loaded_by(process, name, "--help")
    assert commands_loaded(modules) == {f"tinykit.cli.{name}"}
    assert not modules & HEAVY


def test_help_lists_the_commands_in_the_order_of_the_work(tinykit):
    text = tinykit("--help").out
    places = [text.index(f"  {name} ") for name in ("doctor", "convert", "inspect", "completion")]
    assert places == sorted(places)


def test_alone_it_shows_the_path_and_the_next_step(tinykit):
    ran = tinykit()
    assert ran.code == 0
    assert "convert → build → run → measure → compare → report" in ran.out
    assert "Next: tinykit demo" in ran.out


def test_alone_with_json_it_lists_the_commands(tinykit):
    ran = tinykit("--json")
    document = json.loads(ran.out)
    assert document["schema"] == "tinykit.commands"
    assert "doctor" in [command["name"] for command in document["commands"]]


@pytest.mark.parametrize(("wrong", "right"), [("doctr", "doctor"), ("complete", "completion")])
def test_an_unknown_command_gets_a_suggestion(tinykit, wrong, right):
    ran = tinykit(wrong)
    assert ran.code == 2
    assert f"Did you mean {right}" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("name", ["app", "common", "group", "../x", "os", "Doctor", "__init__", "zzz"])
def test_what_is_no_command_is_refused(tinykit, name):
    ran = tinykit(name)
    assert ran.code == 2
    assert "No such command" in ran.err


def test_another_package_brings_commands(tinykit, plugin):
    assert "t-good" in tinykit("--help").out
    assert tinykit("t-good").code == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [("t-not-a-command", "is not a click command"), ("t-absent", "No module named 'tinykit_test_absent'")],
)
def test_a_broken_package_spoils_its_own_command_only(tinykit, plugin, name, reason):
    ran = tinykit(name, "--any", "words")
    assert ran.code == 1
    assert "[BROKEN_PLUGIN]" in ran.err
    assert reason in ran.err
    assert tinykit("--help").code == 0


def test_plugins_sort_behind_the_path(tinykit, plugin):
    text = tinykit("--help").out
    assert text.index("completion") < text.index("t-good")


def complete(process, words):
    ran = process(
        _TINYKIT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1)
    )
    return [line.partition(",")[2] for line in ran.out.splitlines()]


def test_completion_knows_commands(process):
    assert complete(process, "tinykit do") == ["doctor"]


def test_completion_knows_a_commands_options(process):
    assert {"--config", "--json", "--debug"} <= set(complete(process, "tinykit doctor --"))


def test_completion_knows_choices(process):
    assert complete(process, "tinykit completion z") == ["zsh"]


def test_the_bash_script_completes_in_bash(process, require, tmp_path):
    bash = require("bash")
    launcher = tmp_path / "tinykit"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tinykit "$@"\n')
    launcher.chmod(0o755)
    script = tmp_path / "complete.sh"
    script.write_text(process("completion", "bash").out)
    ask = f"""
        PATH={tmp_path}:$PATH; source {script}
        COMP_WORDS=(tinykit completion f); COMP_CWORD=2
        _tinykit_completion tinykit; echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        [bash, "--norc", "-c", ask], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["fish"], done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(tinykit, shell):
    assert "_TINYKIT_COMPLETE" in tinykit("completion", shell).out
    document = json.loads(tinykit("completion", shell, "--json").out)
    assert "_TINYKIT_COMPLETE" in document["script"]


def test_python_dash_m_is_the_same_program(process):
    assert process("--version").out.startswith("tinykit, version ")
