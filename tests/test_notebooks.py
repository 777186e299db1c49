"""The notebooks of docs/notebooks run from their first cell to the last, and are kept without outputs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "docs" / "notebooks").glob("*.ipynb"))
SAYS = {
    "model-to-firmware": ("instructions", "µs (modelled)", "conv_2d"),
    "session-to-decision": ("µJ an inference", "SIMULATED", "Edge saves", "report.html"),
}


def _code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_each_notebook_is_known_here() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(SAYS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in _code(notebook))
    assert path.stat().st_size < 20_000


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_to_its_end(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    shown = [output for cell in _code(notebook) for output in cell.outputs]
    assert not [one for one in shown if one.output_type == "stream"], "the library prints nothing"
    text = "\n".join(str(one.data.get("text/plain", "")) for one in shown)
    for words in SAYS[path.stem]:
        assert words in text
