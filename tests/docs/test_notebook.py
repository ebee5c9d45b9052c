"""The example notebook runs from top to bottom, and says what it is there to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from docs.pages import ROOT
from nbclient import NotebookClient

NOTEBOOK = ROOT / "examples" / "assignment.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (seeds,) = (cell for cell in notebook.cells if cell.source.startswith("SEEDS ="))
    seeds.source = "SEEDS = 20"
    folder: Path = tmp_path_factory.mktemp("notebook")
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def printed(notebook: Any) -> str:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def shown(notebook: Any) -> list[str]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]


def test_it_runs_and_counts(executed: Any):
    text = printed(executed)
    assert text.count(" 44\n") == 3
    assert "592,109,928,932" in text


def test_it_shows_its_pictures(executed: Any):
    pages = shown(executed)
    assert [page.count("<svg") >= 1 for page in pages] == [True] * 5


def test_it_concludes_with_intervals_from_its_own_seeds(executed: Any):
    text = printed(executed)
    for words in ("UPHELD", "make Model 2 learn", "one run would have said the opposite", "of 20 ("):
        assert words in text, words


def test_nothing_went_to_stderr(executed: Any):
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    assert [o["text"] for o in outputs if o.get("name") == "stderr" or o["output_type"] == "error"] == []


def test_the_committed_one_has_outputs_and_is_small():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert NOTEBOOK.stat().st_size < 300_000
    assert "UPHELD" in printed(notebook)
    assert len(shown(notebook)) == 5
