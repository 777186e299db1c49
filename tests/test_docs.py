"""The docs say what the program does: generated pages are current, links lead somewhere, examples run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager

import click
import port_image
import pytest
import report_inputs

from tinykit.boards import load_board
from tinykit.cli import reference, reference_fields, reference_schemas
from tinykit.cli.group import cli

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def built_in_commands():
    context = click.Context(cli, info_name="tinykit")
    return {name: cli.get_command(context, name) for name in cli.list_commands(context)}


PAGES = reference.pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_pages_are_current(checkout, name):
    committed = (checkout / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == PAGES[name], "run ./dev docs"


def test_the_generator_writes_its_pages(tmp_path):
    assert reference.main([str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(reference.pages())


def fields_of_documents():
    """(document, owner, row) of each field of each schema; ``owner``: the document, or a part of its own."""
    pages = reference_schemas.Pages(reference_schemas.documents())
    for one in reference_schemas.documents():
        parts = [(name, part) for name, part in one.parts.items() if pages.document_of(part) is None]
        for owner, node in [(one.name, one.root), *parts]:
            yield from ((one.name, owner, row) for row in pages.rows(one, node, owner))


def test_every_field_of_every_document_is_explained():
    silent = [
        f"{name}, {owner}: {row.field}" for name, owner, row in fields_of_documents() if not row.meaning
    ]
    assert silent == [], "say it in the schema, or in tinykit/data/schema_fields.txt"


def test_no_field_is_explained_that_is_nowhere():
    taken = {reference_fields.key_of(owner, row.field) for _, owner, row in fields_of_documents()}
    assert set(reference_fields.meanings()) - taken == set()


def test_the_commands_that_write_documents_exist():
    known = set(re.findall(r"^#+ (tinykit[ a-z]*)$", reference.commands_page(), flags=re.MULTILINE))
    for one in reference_schemas.documents():
        by = one.root["x-written-by"]
        named = re.findall(r"`(tinykit(?: [a-z]+)*)", by)
        assert named or by.startswith("every command"), one.name
        assert set(named) <= {*known, "tinykit"}, one.name


def test_units_are_read_off_the_names():
    units = {"energy_j": "J", "started_unix_s": "s since 1970 UTC", "size_bytes": "B", "a": "", "sha256": ""}
    assert {name: reference_schemas.unit(name) for name in units} == units


def test_every_command_has_a_page_entry_with_an_example():
    text = reference.commands_page()
    for name, command in built_in_commands().items():
        if not command.hidden:
            section = text.partition(f"## tinykit {name}\n")[2].partition("\n## ")[0]
            assert f"tinykit {name}" in section.partition("Example")[2], name
            assert command.get_short_help_str(100), name


def test_a_pipe_does_not_break_a_table():
    row = next(line for line in reference.commands_page().splitlines() if "bash\\|zsh" in line)
    assert re.split(r"(?<!\\)\|", row)[1:-1] == [" `{bash\\|zsh\\|fish}` ", "  "]


def test_codes_are_found_where_they_are_raised(tmp_path):
    room = tmp_path / "wire"
    room.mkdir()
    (room / "a.py").write_text(
        "raise ModelError(f'{p}: is bad.', hint='h', code='WIRE_BAD')\n"
        "progress.warn('WIRE_ODD', 'looks odd')\n"
    )
    (room / "b.py").write_text(
        'class Lost(DeviceError):\n    """The line is dead.\n\n    More."""\n\n    code = "WIRE_LOST"\n'
        'def _refused(what, *, code="WIRE_CSV"):\n    raise X(what, hint="Needs commas.", code=code)\n'
        'Finding("WIRE_FOUND", "warn", f"{n} found" + " here", "hint")\nNote("WIRE_NOTE", "a note")\n'
    )
    assert reference.raised(tmp_path) == {
        "WIRE_BAD": ("wire", "…: is bad."),
        "WIRE_LOST": ("wire", "The line is dead."),
        "WIRE_CSV": ("wire", "Needs commas."),
    }
    assert reference.warned(tmp_path) == {
        "WIRE_ODD": ("wire", "looks odd"),
        "WIRE_FOUND": ("wire", "… found here"),
        "WIRE_NOTE": ("wire", "a note"),
    }


CODE = re.compile(
    r"""(?:\bcode(?::\ *str)?\ *=\ *  # an argument, a default, a class's own
        |\b(?:warn|Finding|Note)\(\s*)
        "([A-Z][A-Z0-9_]+)\"""",
    re.VERBOSE,
)


def test_every_code_in_the_source_is_on_the_page():
    """Found another way than the generator does."""
    sources = [path.read_text(encoding="utf-8") for path in reference.PACKAGE.rglob("*.py")]
    codes = {code for text in sources for code in CODE.findall(text)}
    assert {"ACCURACY_DROP", "GATE_UNCERTAIN", "FLOAT_OPERATORS", "MODEL_DAMAGED", "CSV", "USAGE"} <= codes
    page = reference.codes_page()
    assert [code for code in sorted(codes) if f"| `{code}` |" not in page] == []


def test_the_example_settings_are_valid(tmp_path):
    from tinykit.config import parse_config

    example = reference.configuration_page().partition("```toml\n")[2].partition("```")[0]
    config = parse_config(example, tmp_path / "tinykit.toml")
    assert config.targets["desk"].baud == 115200


def test_links_between_pages_lead_somewhere(checkout):
    broken = []
    pages = [*checkout.glob("*.md"), *(checkout / "docs").rglob("*.md")]
    for page in pages:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if (
                "://" not in target
                and not target.startswith("mailto:")
                and not (page.parent / target).exists()
            ):
                broken.append(f"{page.relative_to(checkout)}: {target}")
    assert not broken


def test_every_page_is_in_the_index(checkout):
    docs = checkout / "docs"
    index = docs / "README.md"
    named = {(docs / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    pages = {page.resolve() for page in docs.rglob("*.md") if "evidence" not in page.parts} - {
        index.resolve()
    }
    assert pages - named == set()


def examples():
    """(command, line) of each line of an epilog that starts with tinykit, behind "Example:" or alone."""
    for name, command in built_in_commands().items():
        text = (command.epilog or "").replace("\b", "").replace("\\\n", " ")
        for line in text.splitlines():
            example = re.sub(r"^\s*Examples?:\s*", "", line).strip()
            if example.startswith("tinykit "):
                yield name, " ".join(example.split())


SLOW = {"convert"}
# It takes minutes, and tests/test_wheel.py runs the very command.
ELSEWHERE = {"demo"}
UNTIL_STOPPED = {"emulate"}


def stopped_after_a_line(command, folder):
    """The exit code of a command that runs until SIGTERM, sent once it has said that it is ready."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline()
            process.terminate()
            return process.wait(60)
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        pytest.param(name, line, marks=[pytest.mark.slow] if name in SLOW else [])
        for name, line in examples()
        if name not in ELSEWHERE
    ],
)
def test_the_examples_of_help_work(checkout, tmp_path, name, line):
    """In a folder that holds what the examples name: the reference models, as in a checkout."""
    models = checkout / "firmware_models"
    if "firmware_models/" in line and not (models / "models" / "digits").is_dir():
        pytest.skip("no reference models in this checkout")
    (tmp_path / "firmware_models").symlink_to(models, target_is_directory=True)
    digits = models / "models" / "digits"
    for path in digits.iterdir() if digits.is_dir() else ():
        if path.suffix in {".npz", ".keras", ".tflite"}:
            shutil.copy(path, tmp_path / path.name)
            if path.stem == "digits":
                shutil.copy(path, tmp_path / f"model{path.suffix}")
    words = shlex.split(line)
    if name == "flash":  # of an earlier build
        port_image.build(load_board(words[words.index("--board") + 1]), tmp_path / "out")
    if name == "report":
        report_inputs.make_example(tmp_path)
    command = [sys.executable, "-m", "tinykit", *words[1:]]
    if name in UNTIL_STOPPED:
        assert stopped_after_a_line(command, tmp_path) == 0
        return
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=500, check=False
    )
    # doctor may find a real problem on the machine that runs the tests; that is an answer, not a failure.
    assert done.returncode in ({0, 4} if name == "doctor" else {0}), done.stderr


def test_each_example_was_found():
    assert {"doctor", "completion"} <= {name for name, _ in examples()}


def shell_blocks(page):
    """(command, expected exit code) of each ```sh block; a trailing ``# exits N`` states the code."""
    for block in re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL):
        commands = re.sub(r"\\\n\s*", "", block).strip().splitlines()
        for line in commands:
            command, _, code = line.partition("  # exits ")
            yield command, int(code or 0)


@contextmanager
def terminals(folder):
    """Runs a page's commands; one that serves until it is stopped gets a terminal of its own."""
    serving = []

    def run(command):
        if " emulate " not in command:
            return subprocess.run(
                command, shell=True, cwd=folder, capture_output=True, text=True, timeout=500, check=False
            )
        log = folder / f"terminal{len(serving)}"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                shlex.split(command), cwd=folder, stdout=subprocess.PIPE, stderr=errors
            )
        serving.append(process)
        ready = process.stdout.readline()
        return subprocess.CompletedProcess(command, 0 if ready else process.wait(60), ready, log.read_text())

    try:
        yield run
    finally:
        for process in serving:
            process.terminate()
            process.wait(60)
            process.stdout.close()


def quoted_lines(page):
    """What a page quotes: lines indented by four blanks; "…" alone stands for what is left out."""
    outside = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    lines = [line[4:] for line in outside.splitlines() if line.startswith("    ")]
    return [line for line in lines if line.strip() != "…"]


def masked(line):
    """``line`` without its figures and hashes, which differ from run to run: an interval is ± or two ends."""
    line = re.sub(r"\b(?=[a-f]*\d)[0-9a-f]{8,}\b|[+-]?\d+(?:[.,]\d+)*(?:e-?\d+)?", "#", line)
    line = re.sub(r"± #|\[#, #\]", "~", line)
    return " ".join(re.sub(r"(?<=#) [pnµm]?(?=[JW])", " ", line).split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "left", "absent"),
    [
        pytest.param(
            "convert-your-first-model",
            "wrong.npz",
            "digits.tflite",
            id="a failed gate leaves no model behind",
        ),
        pytest.param(
            "your-first-measurement", "first/session.json", "bench/board", id="ports are taken away"
        ),
    ],
)
def test_a_tutorial_can_be_followed_to_the_letter(checkout, tmp_path, monkeypatch, name, left, absent):
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "firmware_models").symlink_to(checkout / "firmware_models", target_is_directory=True)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    interpreter = (
        f"exec {shlex.quote(sys.executable)}"  # not a link: a venv is known by its interpreter's folder
    )
    for script_name, line in {
        "dev": f"shift; {interpreter} -m tinykit",
        ".venv/bin/python": interpreter,
    }.items():
        script = tmp_path / script_name
        script.write_text(f'#!/bin/sh\n{line} "$@"\n')
        script.chmod(0o755)
    page = (checkout / f"docs/tutorials/{name}.md").read_text(encoding="utf-8")
    steps = list(shell_blocks(page))
    assert len(steps) >= 5
    printed = ""
    with terminals(tmp_path) as run:
        for command, code in steps:
            done = run(command)
            assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
            printed += done.stdout if isinstance(done.stdout, str) else ""
    said = {masked(line) for line in printed.splitlines()}
    assert [line for line in quoted_lines(page) if masked(line) not in said] == []
    assert (tmp_path / left).exists()
    assert not (tmp_path / absent).exists()
