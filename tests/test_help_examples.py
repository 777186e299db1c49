"""The examples of commands within commands (`tinykit session show`): each parses, and runs where it can here.

Those of the commands themselves run in test_docs.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from sessions import Script, session

from tinykit.cli.app import main
from tinykit.cli.group import PROGRAM, cli

# They need a device, another program's recording, or a session that was cut off.
NOT_HERE = {"rig check", "meter check", "session import", "session recover"}


def _leaves(group: click.Group, context: click.Context) -> Iterator[click.Context]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _leaves(command, inner)
        elif not command.hidden:
            yield inner


def _example(context: click.Context) -> list[str]:
    text = (context.command.epilog or "").replace("\b", "").replace("\\\n", " ")
    found = re.search(rf"Examples?:\s*{PROGRAM} (.*)", text)
    assert found, f"{context.command_path} --help has no example"
    return shlex.split(found[1])


ROOT = click.Context(cli, info_name=PROGRAM)
EVERY = {leaf.command_path.removeprefix(f"{PROGRAM} "): leaf for leaf in _leaves(cli, ROOT)}
NESTED = {name: leaf for name, leaf in EVERY.items() if " " in name}


@pytest.mark.parametrize("name", EVERY)
def test_it_parses(name: str) -> None:
    words = _example(EVERY[name])
    assert words[: len(name.split())] == name.split()
    EVERY[name].command.make_context(name, words[len(name.split()) :])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sessions that examples name."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "sessions").mkdir()
    (folder / "measurements").mkdir()
    session(folder / "sessions" / "kws-1", Script(windows=2))
    session(folder / "sessions" / "after", Script(windows=2, active_a=11e-3))
    shutil.copytree(folder / "sessions" / "kws-1", folder / "sessions" / "before")
    return folder


@pytest.mark.parametrize("name", sorted(set(NESTED) - NOT_HERE))
def test_it_runs(
    name: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    assert main(_example(NESTED[name])) == 0, capsys.readouterr().err


def test_what_runs_nowhere_is_still_a_command() -> None:
    assert set(NESTED) >= NOT_HERE
