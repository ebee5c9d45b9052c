"""Notebooks: their cells run in order, and their lines are told as the notebook has them."""

from __future__ import annotations

import json
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import forked
import pytest

from trainlab.diagnosis.script import notebook
from trainlab.diagnosis.script.notebook import Cell, read_cells
from trainlab.errors import DiagnosisError

SETUP = "%matplotlib inline\nimport os, torch\nfrom torch import nn\n!echo from the shell"
NET = """
class Net(nn.Linear):
    pass

model = Net(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
model"""
TIMED = """

%%time

for _ in range(40):
    x = torch.randn(8, 3)
    loss = nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.step()"""
AWAITED = """import asyncio, pickle
assert type(pickle.loads(pickle.dumps(model))) is Net and __name__ == "__main__"
await asyncio.sleep(0)
print("in", os.path.basename(os.getcwd()))"""
CAPTURED = """%%capture out
loss = nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
loss.backward()
optimizer.step()"""
FAILING = "def f():\n    raise ValueError('oh')\n\n\nf()"


def write(path: Path, *sources: str, tags: dict[int, str] | None = None, **metadata: Any) -> str:
    """Write a notebook of these code cells, a text between them, and return its name."""
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": "# Title"}]
    for place, source in enumerate(sources):
        about = {"tags": [(tags or {})[place]]} if place in (tags or {}) else {}
        cells.append({"cell_type": "code", "metadata": about, "source": source.splitlines(keepends=True)})
    data = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


def doctor(name: str) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", name, "--json", "-"]
    done = forked.run(command)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("IPython")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    folder = tmp_path / "lab"
    folder.mkdir()
    cells = (SETUP, "", "1 / 0", NET, TIMED, AWAITED, CAPTURED, FAILING, "print('never')")
    code, report, said = doctor(write(folder / "notebook.ipynb", *cells, tags={2: "raises-exception"}))
    assert code == 3, said
    assert report["ended"] == {
        "how": "error",
        "code": 1,
        "message": "ValueError: oh",
        "where": "notebook.ipynb, cell 7, line 2",
    }
    assert report["card"]["steps"] == 41
    assert report["card"]["models"][0]["name"] == "model"
    assert report["card"]["losses"][0]["where"] == "notebook.ipynb, cell 4, line 7"
    finding = report["findings"][0]
    assert finding["fault"] == "missing_zero_grad"
    assert "optimizer.step() at notebook.ipynb, cell 4, line 9: " in finding["where"]
    remedy = "# notebook.ipynb, cell 4, line 8\n+ optimizer.zero_grad()\n  loss.backward()"
    assert finding["remedy"]["code"] == remedy
    assert "from the shell" in said
    assert "in lab" in said
    assert "ZeroDivisionError" in said
    assert "never" not in said
    assert 'notebook.ipynb, cell 7", line 5, in <module>\n    f()' in said
    assert "IPython/core" not in said.split("ValueError")[0].split("ZeroDivisionError")[-1]
    assert list((tmp_path / "home").iterdir()) == []


THREE = """
import torch
from torch import nn

X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])

class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(2, 8), nn.Linear(8, 1)

    def forward(self, x):
        return self.lin2(torch.tanh(self.lin1(x)))

class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin1, self.lin2, self.lin3 = nn.Linear(2, 8), nn.Linear(8, 8), nn.Linear(8, 1)

    def forward(self, x):
        return self.lin3(torch.tanh(self.lin1(x)))"""
MODELS = """
torch.manual_seed(0)
model_1, model_2, model_3 = Plain(), Plain(), Deep()
optimizer_1 = torch.optim.Adam(model_1.parameters(), lr=0.03)
optimizer_2 = torch.optim.Adam(model_2.parameters(), lr=30.0)
optimizer_3 = torch.optim.Adam(model_3.parameters(), lr=0.03)"""
TRAINED = """
for _ in range(80):
    optimizer_N.zero_grad()
    loss_N = nn.functional.mse_loss(model_N(X), Y)
    loss_N.backward()
    optimizer_N.step()"""


@pytest.mark.process
def test_three_models_in_one_notebook(tmp_path: Path):
    """Their optimizers are made in one cell. Each has its outcome, by its name; layers have theirs."""
    cells = (THREE, MODELS, *(TRAINED.replace("N", number) for number in "123"))
    code, report, said = doctor(write(tmp_path / "three.ipynb", *cells))
    assert code == 1, said
    told = {one["name"]: one["outcome"]["state"] for one in report["trainings"]}
    assert told == {"model_1": "learnt", "model_2": "stuck", "model_3": "learnt"}
    first, *_, last = report["findings"]
    assert (first["fault"], first["training"]) == ("lr_too_high", "model_2")
    assert (last["fault"], last["training"]) == ("unreachable_params", "model_3")
    assert last["where"] == "lin2 (lin2.weight, lin2.bias)"
    assert report["card"]["unregistered_parameters"] == 0


def test_a_notebook_ends_with_a_step_inside_of_a_magic(tmp_path: Path):
    pytest.importorskip("IPython")
    name = write(
        tmp_path / "n.ipynb", SETUP, NET, "%%capture\n" + TIMED.replace("%%time", ""), "print('never')"
    )
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", name, "--json", "-", "--steps", "20"]
    done = forked.run(command)
    report = json.loads(done.stdout)
    assert report["ended"]["how"] == "steps"
    assert report["card"]["steps"] == 20
    assert report["card"]["losses"][0]["where"] == "n.ipynb, cell 3, line 8"
    assert "never" not in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no notebook: it isn't JSON (Expecting property name"),
        ("[]", "is JSON, but no notebook: it has no nbformat."),
        ('{"nbformat": 3, "worksheets": []}', "is a notebook of format 3; the doctor runs format 4. Convert"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": " "}]}', "has no code cells"),
        ('{"nbformat": 4, "cells": 7}', "has no code cells"),
        (
            '{"nbformat": 4, "cells": [{"cell_type": "code", "source": 7}]}',
            "cells[0].source holds 7; it must be text, or a list of lines.",
        ),
        (
            '{"nbformat": 4, "cells": [{}, {"cell_type": "code", "source": ["a", null]}]}',
            "cells[1].source holds None; it must be text, or a list of lines.",
        ),
        (
            '{"nbformat": 4, "metadata": {"kernelspec": {"language": "julia"}}, "cells": []}',
            "is written in julia; the doctor runs notebooks in Python.",
        ),
        (
            '{"nbformat": 4, "metadata": {"language_info": {"name": "R"}}, "cells": []}',
            "is written in R; the doctor runs notebooks in Python.",
        ),
    ],
)
def test_what_is_no_notebook_to_run(tmp_path: Path, text: str, message: str):
    path = tmp_path / "notebook.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DiagnosisError) as caught:
        read_cells(str(path))
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("tags", ["null", "7", "true", '"raises-exception"', '{"raises-exception": 1}'])
def test_tags_that_are_no_list_are_none(tmp_path: Path, tags: str):
    path = tmp_path / "notebook.ipynb"
    cell = '{"cell_type": "code", "source": "a = 1", "metadata": {"tags": %s}}'
    path.write_text(f'{{"nbformat": 4, "cells": [{cell % tags}]}}', encoding="utf-8")
    assert [cell.may_fail for cell in read_cells(str(path))] == [False]


def test_a_notebook_without_end_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("trainlab.diagnosis.script.notebook.MAX_BYTES", 1000)
    with pytest.raises(DiagnosisError, match="/dev/zero: is larger than 1,000 bytes"):
        read_cells("/dev/zero")


@pytest.mark.parametrize("source", ["a = '\0'", "a = '\ud800'", "(" * 100_000])
def test_a_cell_that_python_cannot_read_ends_with_its_error(tmp_path: Path, source: str):
    cell = Cell(1, source)
    assert isinstance(notebook.run_cell(str(tmp_path), ModuleType("m"), cell), Exception)


def test_a_notebook_that_cannot_be_run_is_one_line(tmp_path: Path):
    path = tmp_path / "notebook.ipynb"
    path.write_text("{", encoding="utf-8")
    code, report, said = doctor(str(path))
    assert (code, report) == (2, {})
    assert said.startswith(f"trainlab: {path}: is no notebook")
    assert said.count("\n") == 1


def test_cells_are_numbered_as_jupyter_does(tmp_path: Path):
    cells = read_cells(write(tmp_path / "n.ipynb", "a = 1", "  \n", "b = 2"))
    assert [(cell.number, cell.source) for cell in cells] == [(1, "a = 1"), (2, "b = 2")]


def test_without_ipython_magics_are_left_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sources = (
        "%matplotlib inline\n!pip install torch\nif True:\n    %time x = 1\n"
        "text = '''\n%not a magic\n'''\ny = 7 \\\n% 4",
        "%%bash\necho no",
        "%%time\nimport asyncio\nawait asyncio.sleep(0)\nz = y\nz?",
        "raise KeyError(z)",
    )
    name = write(tmp_path / "n.ipynb", *sources)
    module = ModuleType("cells")
    errors = [notebook.run_cell(name, module, cell) for cell in read_cells(name)]
    assert errors[:3] == [None, None, None]
    assert isinstance(errors[3], KeyError)
    assert vars(module)["text"] == "\n%not a magic\n"
    assert vars(module)["z"] == 3
    assert "x" not in vars(module)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"trainlab: cell {number}: `{line}` isn't run without IPython."
        for number, line in (
            (1, "%matplotlib inline"), (1, "!pip install torch"), (1, "%time x = 1"),
            (2, "%%bash"), (3, "%%time"), (3, "z?"),
        )
    ]  # fmt: skip
    assert linecache.getline(f"{name}, cell 4", 1) == "raise KeyError(z)\n"
