"""``tinykit emulate`` and ``tinykit measure`` as processes, for those who kill them."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from meter_relay import Relay

from tinykit.cli.emulated_rig import CLOCK, FILE
from tinykit.resources import firmware_models

MODEL = firmware_models() / "models" / "digits" / "digits.tflite"
BOARD = "virtual-m4"
WINDOWS, SECONDS = 6, 0.4


def tinykit(*words: object) -> list[str]:
    """The command line as a list."""
    return [sys.executable, "-m", "tinykit", *map(str, words)]


def ask(*words: object) -> tuple[int, dict[str, Any]]:
    """Run a command with --json; its exit code and document."""
    done = subprocess.run(tinykit(*words, "--json", "--quiet"), capture_output=True, text=True)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


class EmulatedRig:
    """A board and a PPK2 without errors, the meter behind a `Relay`; ``near`` has their ports."""

    def __init__(self, folder: Path, elf: Path, faults: Sequence[str] = ()) -> None:
        folder.mkdir()
        self.near, far = folder / "near", folder / "far"
        self.near.mkdir()
        self._truth = folder / "truth.jsonl"
        words = ["--firmware", elf, "--meter", "ppk2", "--errors", "none", "--truth", self._truth]
        words += ["--faults", ",".join(faults) or "none", "--ports", far, "--pace", "real", "--quiet"]
        self.process = subprocess.Popen(
            tinykit("emulate", "--board", BOARD, *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline(), "the emulator does not start"
        for name in ("board", FILE, CLOCK):
            (self.near / name).symlink_to(far / name)
        self.relay = Relay(far / "meter", self.near / "meter")

    def measure(
        self, out: Path, most_file_bytes: int | None = None, *, checks: bool = False
    ) -> subprocess.Popen[str]:
        """Begin a session, with a rig check if ``checks``.

        A file of more than ``most_file_bytes`` is refused to it, as by a full disk.
        """
        words = ["--on", self.near / "board", "--meter", f"ppk2:{self.near / 'meter'}", "--voltage", "3.0"]
        words += ["--windows", WINDOWS, "--seconds", SECONDS, "-o", out, "--json", "--quiet"]
        words += [] if checks else ["--no-rig-check"]
        child = subprocess.Popen(
            tinykit("measure", MODEL, *words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if most_file_bytes is not None:
            resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (most_file_bytes, most_file_bytes))
        return child

    def truths(self) -> list[dict[str, float]]:
        """What the emulator says of every pulse of the marker until now."""
        if not self._truth.is_file():
            return []
        return [json.loads(line) for line in self._truth.read_text().splitlines()]

    def kill(self) -> None:
        """SIGKILL to the emulator, and to the process that its board lives in."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        self.relay.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.relay.__exit__(kind, error, trace)
        self.process.terminate()
        self.process.communicate(timeout=20)
