"""The cached hook: made once, made again where it was damaged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tinykit.bench import hook_library

DAMAGES = {
    "truncated": lambda data: data[: len(data) // 3],
    "empty": lambda data: b"",
    "changed": lambda data: data[:200] + bytes(200) + data[400:],
}


@pytest.fixture
def cached(tmp_path, monkeypatch) -> Path:
    """A library in a cache of its own."""
    monkeypatch.setattr(hook_library, "cache_folder", lambda name: tmp_path)
    assert hook_library.load_hook()[1] == ""
    (library,) = tmp_path.glob(f"block_hook-*{hook_library._SUFFIX}")
    return library


def test_a_whole_one_is_not_made_again(cached: Path, monkeypatch) -> None:
    monkeypatch.setattr(hook_library, "_compile", lambda target: pytest.fail("it was compiled again"))
    assert hook_library.load_hook()[1] == ""


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_made_again(cached: Path, damage: str) -> None:
    whole = cached.read_bytes()
    replaced = cached.with_name("damaged")  # a new file: this process has the old one mapped
    replaced.write_bytes(DAMAGES[damage](whole))
    replaced.replace(cached)
    # In a process of its own: loading a truncated library may end the process that does it.
    words = (
        "from tinykit.bench import hook_library; from pathlib import Path;"
        f" hook_library.cache_folder = lambda name: Path({str(cached.parent)!r});"
        " library, why = hook_library.load_hook(); assert library is not None, why"
    )
    subprocess.run([sys.executable, "-c", words], check=True, timeout=120)
    assert cached.read_bytes() == whole
