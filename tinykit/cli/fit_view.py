"""What a model takes of a board, as rich renderables."""

from __future__ import annotations

from rich.console import RenderableType

from tinykit.compiler.image import Fit
from tinykit.console import key_values
from tinykit.pretty import format_bytes


def view(fit: Fit) -> RenderableType:
    """Two lines: RAM and flash."""
    ram, flash = format_bytes(fit.ram_bytes), format_bytes(fit.flash_least_bytes)
    return key_values(
        [
            (
                f"RAM of {fit.board}",
                f"{ram} of {format_bytes(fit.ram_available_bytes)}, with scratch and stack",
            ),
            (
                f"flash of {fit.board}",
                f"{flash} of {format_bytes(fit.flash_available_bytes)}, and the kernels' code,"
                " whose size `tinykit build` tells",
            ),
        ]
    )
