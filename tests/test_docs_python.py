"""The Python that README and docs show runs, and gives what they say it gives."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import pytest

BLOCK = re.compile(r"```pycon\n(.*?)```", re.DOTALL)
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize(
    "name",
    ["README.md", pytest.param("docs/how-to/use-from-python.md", marks=pytest.mark.slow)],
)
def test_examples_give_what_they_say(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In a folder with the reference models, and with those of the digits as model.tflite and eval.npz."""
    models = checkout / "firmware_models"
    (tmp_path / "firmware_models").symlink_to(models, target_is_directory=True)
    shutil.copy(models / "models/digits/digits.tflite", tmp_path / "model.tflite")
    shutil.copy(models / "models/digits/eval.npz", tmp_path)
    monkeypatch.chdir(tmp_path)
    text = "".join(BLOCK.findall((checkout / name).read_text(encoding="utf-8")))
    examples = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    said: list[str] = []
    done = doctest.DocTestRunner(optionflags=LENIENT).run(examples, out=said.append)
    assert done.attempted >= 3
    assert not done.failed, "".join(said)
