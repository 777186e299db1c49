"""What reaches the terminal: escaped text, aligned tables, progress that suits a terminal or a log."""

import io
import os
import re
import sys
import threading
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tinykit.console import (
    Reporter,
    escape_text,
    key_values,
    print_error,
    print_warning,
    safe_text,
    stderr_console,
    stdout_console,
    table,
)

ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal(io.StringIO):
    """A terminal to rich and to the reporter; keeps what was written."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def drawn(item, **options):
    file = io.StringIO()
    stdout_console(file).print(item, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("plain name", "plain name"),
        ("größe×2 → 模型", "größe×2 → 模型"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("[bold]x[/bold] [/]", "[bold]x[/bold] [/]"),
        (":smile:", ":smile:"),
    ],
)
def test_text_from_files_is_shown_as_it_is_and_harms_nothing(text, visible):
    assert drawn(f"<{escape_text(text)}>", soft_wrap=True) == f"<{visible}>\n"


def test_a_backslash_at_the_end_does_not_break_the_markup_around_it():
    assert drawn(f"[bold]{escape_text('back' + chr(92))}[/bold]!").endswith("\\!\n")


@settings(deadline=None)
@given(st.text())
def test_no_text_reaches_the_terminal_as_a_command(text):
    shown = safe_text(text)
    assert shown.isprintable() or all(char.isprintable() or char.isspace() for char in shown)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", shown)


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")))
@example("\\[bold]x")
@example("\\[")
@example("\\\\[ \\[a")
def test_markup_in_text_never_acts(text):
    assume(not text.endswith("\\"))  # shown twice, by design of rich's escape
    assert drawn(escape_text(text), soft_wrap=True).removesuffix("\n") == safe_text(text)


def test_numbers_align_right_and_text_left():
    lines = drawn(table(("name", ">bytes"), [("a", "5"), ("long", "1 234")])).splitlines()
    assert [line.rstrip() for line in lines] == ["name  bytes", "a         5", "long  1 234"]


def test_cells_are_escaped():
    assert "[red]\\x1b" in drawn(table(("n",), [("[red]\x1b",)]))
    assert "[red]\\x1b" in drawn(key_values([("n", "[red]\x1b")]))


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_a_cell_shows_its_text(text):
    shown = safe_text(text).strip()
    assert shown in drawn(table(("n",), [(text,)]))


def test_a_wide_table_is_not_cut_in_a_pipe():
    row = "x" * 150
    assert row in drawn(table(("name",), [(row,)]))


WORDS = ["> #", "operator", "output", ">MACs", ""]
ROWS = [(0, "CONV_2D", "1×48×48×8", "1,327,104", "per-axis"), (11, "DEPTHWISE_CONV_2D", "1×24×24×64", "", "")]


@pytest.mark.parametrize("width", [20, 30, 40, 50, 60])
def test_words_stay_whole_in_a_narrow_terminal(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = drawn(table(WORDS, ROWS))
    assert max(map(len, text.splitlines())) <= width
    for word in ("CONV_2D", "DEPTHWISE_CONV_2D", "1×48×48×8", "1,327,104", "per-axis"):
        assert word in text


def test_a_narrow_terminal_gets_a_list_with_names_and_no_empty_cells(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = [line.rstrip() for line in drawn(table(WORDS, ROWS)).splitlines()]
    assert lines == [
        "- # 0; operator CONV_2D; output",
        "  1×48×48×8; MACs 1,327,104; per-axis",
        "- # 11; operator DEPTHWISE_CONV_2D;",
        "  output 1×24×24×64",
    ]


def test_an_error_is_code_message_hint():
    file = io.StringIO()
    print_error("MODEL", "m[1].tflite is bad\x1b[0m", "Try [again].", console=stderr_console(file))
    assert file.getvalue() == "error [MODEL] m[1].tflite is bad\\x1b[0m\n  hint: Try [again].\n"


def test_a_warning_without_hint_is_one_line():
    file = io.StringIO()
    print_warning("FEW", "only 3 samples", console=stderr_console(file))
    assert file.getvalue() == "warning [FEW] only 3 samples\n"


def test_a_long_message_is_not_broken_into_lines():
    file = io.StringIO()
    print_error("X", "word " * 100, "h", console=stderr_console(file))
    assert len(file.getvalue().splitlines()) == 2


def error_bytes():
    file = Terminal()
    print_error("X", "message", "hint", console=stderr_console(file))
    return file.getvalue()


def test_a_terminal_gets_colour_and_the_words_stay():
    assert "\x1b[" in error_bytes()
    assert ANSI.sub("", error_bytes()).startswith("error [X] message\n  hint: hint")


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", error_bytes())


def test_a_dumb_terminal_gets_plain_text(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in error_bytes()


def test_force_color_colours_a_pipe(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = io.StringIO()
    print_error("X", "message", "hint", console=stderr_console(file))
    assert "\x1b[" in file.getvalue()


def test_a_log_gets_a_first_and_a_last_line():
    file = io.StringIO()
    reporter = Reporter(file=file)
    reporter.start("Evaluating", 1000)
    for _ in range(1000):
        reporter.advance()
    reporter.finish("97.2 % top-1")
    lines = file.getvalue().splitlines()
    assert lines[0] == "Evaluating ..."
    assert re.fullmatch(r"Evaluating: 97.2 % top-1 \(0\.\d s\)", lines[1])
    assert len(lines) == 2


def test_a_log_gets_lines_between_at_its_pace():
    file = io.StringIO()
    reporter = Reporter(file=file, every_s=0.02)
    reporter.start("Evaluating", 20)
    for _ in range(20):
        time.sleep(0.005)
        reporter.advance()
    reporter.finish()
    between = file.getvalue().splitlines()[1:-1]
    assert 2 <= len(between) <= 10
    assert all(re.fullmatch(r"Evaluating: \d+ of 20, \d\.\d s left", line) for line in between)


def test_without_a_total_a_log_counts():
    file = io.StringIO()
    reporter = Reporter(file=file, every_s=0.0)
    reporter.start("Reading")
    reporter.advance(7)
    reporter.finish()
    assert "Reading: 7 done, 0.0 s so far" in file.getvalue()


def test_force_color_does_not_make_a_log_move(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = io.StringIO()
    reporter = Reporter(file=file)
    reporter.start("Evaluating", 10)
    reporter.advance(10)
    reporter.finish()
    assert "\x1b[?25l" not in file.getvalue()
    assert len(file.getvalue().splitlines()) == 2


def test_a_terminal_gets_a_bar_with_time_left_and_its_cursor_back():
    file = Terminal()
    reporter = Reporter(file=file)
    reporter.start("Evaluating [x]", 10)
    for _ in range(10):
        reporter.advance()
    reporter.warn("ODD", "something odd")
    reporter.finish("done well")
    text = file.getvalue()
    assert "10/10" in text
    assert "Evaluating [x]" in ANSI.sub("", text)
    assert "warning" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
    assert ANSI.sub("", text).rstrip().splitlines()[-1].startswith("Evaluating [x]: done well (")


def test_close_puts_the_terminal_back_in_the_middle_of_work():
    file = Terminal()
    reporter = Reporter(file=file)
    reporter.start("Evaluating", 10)
    reporter.close()
    assert "\x1b[?25h" in file.getvalue()
    reporter.finish()
    assert "Evaluating: done" not in ANSI.sub("", file.getvalue())


def test_a_new_stage_ends_the_one_before():
    file = io.StringIO()
    reporter = Reporter(file=file)
    reporter.start("One")
    reporter.start("Two")
    reporter.finish()
    assert [line.split(" (")[0] for line in file.getvalue().splitlines()] == [
        "One ...",
        "One: done",
        "Two ...",
        "Two: done",
    ]


def test_quiet_leaves_warnings():
    file = io.StringIO()
    reporter = Reporter(quiet=True, file=file)
    reporter.start("Evaluating", 2)
    reporter.advance(2)
    reporter.warn("ODD", "something odd")
    reporter.finish("fine")
    assert file.getvalue() == "warning [ODD] something odd\n"


@pytest.mark.parametrize("kind", [Terminal, io.StringIO])
def test_steps_from_many_threads_are_all_counted(kind):
    file = kind()
    reporter = Reporter(file=file, every_s=0.0)
    reporter.start("Evaluating", 800)
    threads = [threading.Thread(target=lambda: [reporter.advance() for _ in range(100)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reporter.finish()
    assert re.search(r"800/800|800 of 800", ANSI.sub("", file.getvalue()))


def test_stage_names_from_files_are_escaped():
    file = io.StringIO()
    reporter = Reporter(file=file)
    reporter.start("Reading \x1b[2J")
    reporter.finish("\x07")
    assert "\x1b" not in file.getvalue()
    assert "\x07" not in file.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")
def test_a_real_terminal_sees_the_bar(tmp_path):
    import pty
    import subprocess

    leader, follower = pty.openpty()
    code = (
        "from tinykit.console import Reporter as R; r = R(); r.start('Work', 3); r.advance(3); r.finish('ok')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=follower, stdout=subprocess.DEVNULL, env={**os.environ}
    ) as child:
        child.wait(timeout=60)
    os.close(follower)
    text = os.read(leader, 1 << 16).decode()
    os.close(leader)
    assert "3/3" in text
    assert "Work: ok" in text
