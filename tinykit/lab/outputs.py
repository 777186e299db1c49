"""What the board computed, beside a session's energy: whole or not there at all."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinykit.errors import OutputError
from tinykit.lab.manifest import replace_file
from tinykit.running.result import Array

OUTPUTS = "outputs.npz"


def write_outputs(folder: Path, outputs: Sequence[Array]) -> None:
    """Write ``outputs`` into the session's folder as ``output_0``, ``output_1`` and so on.

    Raises OutputError.
    """
    named: dict[str, Any] = {f"output_{i}": array for i, array in enumerate(outputs)}
    content = io.BytesIO()
    np.savez_compressed(content, **named)
    try:
        replace_file(folder / OUTPUTS, content.getvalue())
    except OSError as error:
        raise OutputError(
            f"The session in {folder} cannot be finished: {error.strerror or error}.",
            hint="make room on the disk; tinykit session recover makes of the raw data what can be made.",
        ) from error
