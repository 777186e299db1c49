"""The arrows point one way, and what the rooms may not do they do not do (rules in arrow_rules.py)."""

from pathlib import Path

import arrow_rules
import pytest

import tinykit

PACKAGE = Path(tinykit.__file__).parent


def package_sources():
    sources = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if "_bundled" in parts:
            continue
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        sources[module] = (path.read_text(encoding="utf-8"), is_package)
    return sources


def test_the_package_keeps_the_rules():
    broken = []
    for module, (source, is_package) in package_sources().items():
        broken += arrow_rules.check_module(module, source, is_package=is_package)
    assert not broken, "\n".join(broken)


def test_no_import_goes_in_a_circle():
    assert arrow_rules.find_cycle(arrow_rules.graph_of(package_sources())) == []


def test_no_two_rooms_need_each_other():
    assert arrow_rules.find_cycle(arrow_rules.rooms_graph(package_sources())) == []


def test_each_room_has_one_layer():
    rooms = [room for layer in arrow_rules.LAYERS for room in layer]
    assert len(rooms) == len(set(rooms))


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("tinykit.graph.reader", "from tinykit.conversion import convert", "graph -> conversion"),
        ("tinykit.graph.reader", "def f():\n    from tinykit import lab", "graph -> lab"),
        ("tinykit.graph.reader", "from ..cli import app", "graph -> cli"),
        (
            "tinykit.graph.reader",
            "import importlib\nx = importlib.import_module('tinykit.lab')",
            "graph -> lab",
        ),
        ("tinykit.lab.store", "from tinykit import convert", "lab -> tinykit"),
        ("tinykit.compiler.pack", "from tinykit.bench import board", "compiler -> bench"),
        ("tinykit.meters.ppk2", "from tinykit.bench.clock import Clock", "nothing from each other"),
        ("tinykit.bench.ppk2", "def f():\n    import tinykit.meters.ppk2", "nothing from each other"),
        ("tinykit.runtime.choose", "def f():\n    import tensorflow as tf", "only tinykit.conversion.child"),
        ("tinykit.conversion.gate", "def f():\n    import keras", "only tinykit.conversion.child"),
        ("tinykit.conversion.loaders.h5", "import keras", "keras is heavy"),
        ("tinykit.conversion.gate", "from tinykit.conversion.child import session", "a process of its own"),
        ("tinykit.runtime.choose", "def f():\n    import tinykit.conversion.child.session", "of its own"),
        ("tinykit.running.emulated", "def f():\n    from unicorn import Uc", "only tinykit.bench"),
        ("tinykit.graph.show", "def f():\n    import rich.table", "does not draw"),
        ("tinykit.cli.inspect", "from rich.table import Table", "a command imports rich"),
        ("tinykit.cli.inspect", "import numpy as np", "numpy"),
        ("tinykit.cli.inspect", "from tinykit.graph import reader", "at its top"),
        (
            "tinykit.datasets.images",
            "try:\n    import PIL.Image\nexcept ImportError:\n    pass",
            "PIL is heavy",
        ),
        ("tinykit.graph.reader", "def f():\n    print('x')", "print outside"),
        ("tinykit.cli.inspect", "import click\ndef f():\n    click.echo('x')", "click.echo outside"),
        ("tinykit.graph.reader", "import sys\ndef f():\n    sys.exit(1)", "sys.exit in the library"),
        ("tinykit.graph.reader", "import warnings\nwarnings.simplefilter('ignore')", "importing calls"),
        ("tinykit.datasets.npz", "import pickle", "pickle runs code"),
        ("tinykit.datasets.npz", "def f(np):\n    np.load('x', allow_pickle=True)", "allow_pickle"),
        ("tinykit.graph.reader", "from firmware_models import x", "the package imports firmware_models"),
        ("tinykit.attic.x", "", "in no layer"),
        ("tinykit.graph.long", "\n" * 501, "above 500"),
    ],
)
def test_a_violation_is_found(module, source, expected):
    broken = arrow_rules.check_module(module, source)
    assert any(expected in line for line in broken), broken


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tinykit.conversion.child.session", "import tensorflow"),
        ("tinykit.conversion.loaders.h5", "def f():\n    import keras"),
        ("tinykit.cli.inspect_view", "from rich.table import Table\nfrom tinykit.graph import model"),
        ("tinykit.bench.worker.__main__", "import sys\nsys.exit(0)"),
        ("tinykit.conversion.convert", "from tinykit.graph.model import Graph\nimport numpy as np"),
        (
            "tinykit.cli.inspect",
            "import click\nfrom tinykit import __version__\ndef f():\n    import rich.table",
        ),
        ("tinykit.lab.store", "from tinykit.meters import trace\nfrom tinykit.running import runner"),
        (
            "tinykit.cli.x",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from rich.console import Console",
        ),
        ("tinykit.conversion.child", "import sys\nif __name__ == '__main__':\n    sys.exit(0)"),
    ],
)
def test_what_is_allowed_passes(module, source):
    assert arrow_rules.check_module(module, source) == []


def test_a_cycle_is_found():
    sources = {
        "tinykit.graph.a": ("from tinykit.graph import b", False),
        "tinykit.graph.b": ("from tinykit.graph.c import x", False),
        "tinykit.graph.c": ("import tinykit.graph.a", False),
    }
    assert len(arrow_rules.find_cycle(arrow_rules.graph_of(sources))) == 4
    rooms = {
        "tinykit.wire.a": ("def f():\n    import tinykit.boards.b", False),
        "tinykit.boards.b": ("import tinykit.wire.a", False),
    }
    assert arrow_rules.find_cycle(arrow_rules.rooms_graph(rooms)) == ["boards", "wire", "boards"]
