"""What a person sees when something goes wrong: one line, a hint, the right exit code, no traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        ("t-model", 3, "error [MODEL_TRUNCATED] m.tflite is cut off at byte 12."),
        ("t-device", 5, "error [DEVICE] /dev/ttyACM0 is gone."),
        ("t-extra", 2, "error [MISSING_EXTRA] TensorFlow is not installed."),
        ("t-gate", 4, "error [GATE] The drop is above the limit."),
    ],
)
def test_an_error_is_a_line_and_a_hint(tinykit, plugin, name, code, line):
    ran = tinykit(name)
    assert ran.code == code
    first, second = ran.err.splitlines()
    assert first == line
    assert second.startswith("  hint: ")


def test_a_defect_is_one_line_without_traceback(tinykit, plugin):
    ran = tinykit("t-crash")
    assert ran.code == 1
    assert "internal error: ZeroDivisionError: a defect [bold]inside\\x1b[31m" in ran.err
    assert "--debug" in ran.err
    assert "report" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("words", [["t-crash", "--debug"], ["--debug", "t-crash"]])
def test_debug_shows_the_traceback(tinykit, plugin, words):
    assert "in crash" in tinykit(*words).err


def test_debug_shows_where_a_refusal_was_raised(tinykit, plugin):
    ran = tinykit("t-model", "--debug")
    assert ran.code == 3
    assert "in model" in ran.err


def test_usage_names_the_way_to_help(tinykit):
    ran = tinykit("completion", "tcsh")
    assert ran.code == 2
    assert "tinykit completion --help" in ran.err
    assert tinykit("doctor", "--jsn").code == 2


def started(*args, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "tinykit", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, 130, "Interrupted."),
        (signal.SIGTERM, 143, "Ended by SIGTERM."),
        (signal.SIGHUP, 129, "Ended by SIGHUP."),
    ],
)
def test_a_signal_cleans_up_and_ends_with_a_line(plugin, number, code, word):
    with started("t-waits") as child:
        while "ready" not in child.stderr.readline():
            pass
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    assert child.returncode == code
    assert out == ""
    assert "cleaned up" in err
    assert word in err
    assert "Traceback" not in err


def test_nohup_is_respected(plugin):
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    with started("t-waits", preexec_fn=ignore) as child:
        while "ready" not in child.stderr.readline():
            pass
        child.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert child.poll() is None
        child.terminate()
        child.communicate(timeout=60)


def test_handlers_are_put_back(tinykit):
    before = signal.getsignal(signal.SIGTERM)
    tinykit("completion", "bash")
    assert signal.getsignal(signal.SIGTERM) == before


def test_main_works_outside_the_main_thread(process):
    code = (
        "import threading; from tinykit.cli.app import main\n"
        "t = threading.Thread(target=lambda: print(main(['completion', 'bash', '-q'])))\n"
        "t.start(); t.join()"
    )
    assert process(code=code).out.endswith("\n0\n")


@pytest.mark.parametrize("words", [["t-long"], ["t-long", "--json"], ["completion", "bash"]])
def test_a_closed_pipe_ends_quietly(plugin, words):
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tinykit", *words],
            check=False,
            stdout=write_end,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(write_end)
    assert done.stderr == ""
    assert done.returncode == 141


def test_another_broken_pipe_is_no_quiet_end(tinykit, plugin):
    ran = tinykit("t-socket-pipe")
    assert ran.code == 1
    assert "the board's socket" in ran.err


@pytest.mark.parametrize("flag", ["", "--json"])
def test_a_result_that_goes_nowhere_is_no_success(flag):
    done = subprocess.run(
        f'"{sys.executable}" -m tinykit completion bash {flag} >&-',
        check=False,
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert "error [OUTPUT] The result cannot be written: stdout is closed." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stdout_that_was_closed_inside_the_process_is_no_success(process):
    code = (
        "import sys; from tinykit.cli.app import main; sys.stdout.close()\n"
        "sys.stdout.closed and sys.exit(main(['completion', 'bash']))"
    )
    assert process(code=code).code == 3


def test_a_terminal_without_unicode_does_not_crash(process, plugin):
    ran = process("t-good", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert ran.code == 0
    assert "value -> 1" in ran.out


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["t-good", "-q"], ["t-good", "-q", "--json"], ["completion", "bash"]])
def test_a_full_disk_behind_stdout_is_named(plugin, words):
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tinykit", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 3
    assert "error [OUTPUT] The result cannot be written to stdout: No space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
