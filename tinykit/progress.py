"""How the library reports that long work moves on, without printing.

A function that may take long accepts ``progress: Progress = SILENT``. The command line passes a
reporter that draws; a program passes its own, or nothing.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What a reporter can be told. Calls may come from any thread."""

    def start(self, stage: str, total: int | None = None) -> None:
        """A stage begins. ``total`` is its number of steps, or None where it cannot be known."""

    def advance(self, steps: int = 1) -> None:
        """Steps of the current stage are done."""

    def finish(self, note: str = "") -> None:
        """The current stage is done; ``note`` is what came out of it, in a few words."""

    def warn(self, code: str, message: str, hint: str = "") -> None:
        """Something the user should know, with a stable code."""


class _Silent:
    def start(self, stage: str, total: int | None = None) -> None: ...

    def advance(self, steps: int = 1) -> None: ...

    def finish(self, note: str = "") -> None: ...

    def warn(self, code: str, message: str, hint: str = "") -> None: ...


SILENT: Progress = _Silent()
