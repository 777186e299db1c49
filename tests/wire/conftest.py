"""Boards of pipes, one a build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wire.pipes import HostBoard, build


@pytest.fixture(scope="session")
def make_board(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., HostBoard]:
    """``make_board(model, energy=, mlperf=, timer_hz=)``: the firmware around a model, compiled once."""
    made: dict[tuple[object, ...], HostBoard] = {}

    def make(model: Path, **options: Any) -> HostBoard:
        key = (model, *sorted(options.items()))
        if key not in made:
            made[key] = build(model, tmp_path_factory.mktemp("board"), **options)
        return made[key]

    return make


@pytest.fixture(scope="session")
def board(make_board: Callable[..., HostBoard], digits) -> HostBoard:
    """The digits model: 64 bytes in, 10 out."""
    return make_board(digits.tflite)


@pytest.fixture(scope="session")
def energy_board(make_board: Callable[..., HostBoard], digits) -> HostBoard:
    """Its energy build."""
    return make_board(digits.tflite, energy=True)
