"""Talking to QEMU through its machine protocol (QMP): JSON lines on its stdin and stdout."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any


class Qmp:
    """A running QEMU, killed at the end of the ``with``. Started with ``-qmp stdio``, in ``folder``."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self._folder = folder
        # Closed in __exit__.
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )
        self._hear()
        self._ask("qmp_capabilities")

    def __enter__(self) -> Qmp:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._complaints.close()

    def _hear(self) -> dict[str, Any] | None:
        """The next answer, or None once QEMU has ended; what it reports unasked is passed over."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if "event" not in answer:
                return answer
        self._process.wait()
        return None

    def _ask(self, command: str, **arguments: object) -> Any:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._process.wait()
            return None
        answer = self._hear()
        return None if answer is None else answer.get("return")

    def read_word(self, address: int) -> int | None:
        """The 32-bit word at ``address``, or None once QEMU has ended."""
        text = self._ask("human-monitor-command", **{"command-line": f"xp /1wx 0x{address:x}"})
        return None if text is None else int(text.split(":")[1], 16)

    def save_memory(self, address: int, size: int) -> bytes:
        """``size`` bytes of memory at ``address``."""
        self._ask("pmemsave", val=address, size=size, filename="memory.bin")
        return (self._folder / "memory.bin").read_bytes()

    def complaints(self) -> str:
        """What QEMU wrote to stderr."""
        self._complaints.seek(0)
        return self._complaints.read()
