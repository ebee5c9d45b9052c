"""What other programs read of a study is what the study says."""

import csv
from pathlib import Path

import numpy as np
import pytest
from callbacks.event_files import scalars
from cli.calling import TINY, Caller

from trainlab import study
from trainlab.errors import how_to_install
from trainlab.report.exports import log_cells, write_table

pytestmark = pytest.mark.process


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def test_csv_has_a_row_a_run(trainlab: Caller, file: Path):
    told = trainlab("export", "tiny.toml", "runs.csv", "--table", "runs", "--seeds", "3")
    assert told.code in (0, None)
    with open("runs.csv", newline="") as lines:
        rows = list(csv.DictReader(lines))
    result = study("tiny.toml", seeds=3, store=".trainlab")
    assert told.out == f"Wrote {len(rows)} rows and {len(rows[0])} columns: runs.csv\n"
    losses = np.concatenate([item.runs.loss for item in result.cells])
    assert [float(row["final_loss"]) for row in rows] == losses.tolist()
    assert [row["seed"] for row in rows] == ["0", "1", "2"] * len(result.cells)


def test_parquet_is_the_same_table(trainlab: Caller, file: Path):
    from pyarrow import parquet

    trainlab("export", "tiny.toml", "cells.parquet", "--seeds", "3")
    table = parquet.read_table("cells.parquet")
    frame = study("tiny.toml", seeds=3, store=".trainlab").to_frame("cells", library="pandas")
    assert table.to_pandas().equals(frame)


def test_what_is_missing_is_empty(tmp_path: Path):
    write_table({"a": np.array([1.5, np.nan]), "b": [None, 'x,"y"'], "c": [True, False]}, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == 'a,b,c\n1.5,,True\n,"x,""y""",False\n'
    write_table({"a": np.array([1.5, np.nan]), "b": [None, "x"]}, tmp_path / "t.parquet")
    from pyarrow import parquet

    assert parquet.read_table(tmp_path / "t.parquet").to_pydict() == {"a": [1.5, None], "b": [None, "x"]}


def test_mlflow_has_a_run_a_cell(trainlab: Caller, file: Path):
    from mlflow import MlflowClient

    uri = f"sqlite:///{file.parent}/mlflow.db"
    assert trainlab("export", "tiny.toml", f"mlflow:{uri}", "--seeds", "3").code in (0, None)
    result = study("tiny.toml", seeds=3, store=".trainlab")
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name(result.study.title or "trainlab")
    assert experiment is not None
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert sorted(runs) == sorted(item.cell.name for item in result.cells)
    item = result.cells[-1]
    run = runs[item.cell.name]
    assert run.info.status == "FINISHED"
    assert run.data.metrics["share"] == item.solved.k / item.solved.n
    assert run.data.params["epochs"] == str(item.runs.experiment.epochs)
    curve = client.get_metric_history(run.info.run_id, "median_loss")
    assert [(point.step, point.value) for point in curve] == list(
        zip(item.runs.loss_epochs.tolist(), item.loss.median.tolist(), strict=True)
    )


def test_tensorboard_has_a_folder_a_cell(file: Path):
    result = study("tiny.toml", seeds=3, store=".trainlab")
    log_cells(result, "tensorboard", "logs")
    item = result.cells[0]
    read = scalars(Path("logs", item.cell.name))
    ((epoch, share),) = read["share"]
    assert epoch == item.runs.experiment.epochs
    assert share == pytest.approx(item.solved.k / item.solved.n)
    assert [step for step, _ in read["median_loss"]] == item.runs.loss_epochs.tolist()
    # Whether a change was made is a setting: MLflow would refuse most names of changes.
    assert not set(result.study.change_names) & read.keys()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["tiny.toml", "runs.xls"],
            "'runs.xls': must end with '.csv' or '.parquet', which says what to write.",
        ),
        (
            ["tiny.toml", "tensorboard:a", "--table", "runs"],
            "--table runs: is for files; tensorboard gets a run for each cell.",
        ),
        (["tiny.toml", "tensorboard"], "tensorboard: name a folder, as in tensorboard:logs."),
        (
            ["tiny.toml", "tensorboard:tiny.toml"],
            "tensorboard:tiny.toml: tiny.toml is a file; give the name of a folder.",
        ),
        (
            ["tiny.toml", "a.csv", "--seeds", "10000000", "--engine", "refrence"],
            "--engine 'refrence': must be "
            "'auto', 'fast', 'torch', 'torch-cuda' or 'reference'. Did you mean 'reference'?",
        ),
        (["tiny.toml", "no/runs.csv"], "TO no/runs.csv: the folder no does not exist. Make it first."),
        (
            ["tiny.toml", "a.csv", "--table", "run"],
            "--table 'run': must be 'cells', 'runs' or 'effects'. Did you mean 'runs'?",
        ),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_runs(
    trainlab: Caller, file: Path, arguments: list[str], line: str
):
    told = trainlab("export", *arguments)
    assert (told.code, told.out, told.err) == (2, "", f"trainlab: {line}\n")
    assert not (file.parent / ".trainlab").exists()


def test_a_folder_with_runs_gets_no_others(trainlab: Caller, file: Path):
    Path("logs/a").mkdir(parents=True)
    Path("logs/a/events.out.tfevents.1").touch()
    told = trainlab("export", "tiny.toml", "tensorboard:logs")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "trainlab: tensorboard:logs: holds runs already, and these would stand beside them; give another "
        "folder, or empty it.\n"
    )


def test_what_takes_hours_asks_for_yes(trainlab: Caller, file: Path):
    told = trainlab("export", "tiny.toml", "a.csv", "--seeds", "10000000", "--engine", "reference")
    assert (told.code, told.out) == (2, "")
    assert told.err.endswith("or say --yes.\n")


def test_what_mlflow_refuses_is_a_line_before_anything_runs(trainlab: Caller, file: Path):
    told = trainlab("export", "tiny.toml", "mlflow:nonsense://x")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("trainlab: mlflow:nonsense://x: MLflow says: ")
    assert "unsupported URI 'nonsense://x'" in told.err
    assert told.err.count("\n") == 1
    assert not (file.parent / ".trainlab").exists()


@pytest.mark.parametrize(
    ("to", "module", "extra"),
    [
        ("a.parquet", "pyarrow", "data"),
        ("mlflow", "mlflow", "mlflow"),
        ("tensorboard:a", "tensorboardX", "tensorboard"),
    ],
)
def test_a_missing_extra_says_which_to_install(
    trainlab: Caller, file: Path, monkeypatch: pytest.MonkeyPatch, to: str, module: str, extra: str
):
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    told = trainlab("export", "tiny.toml", to)
    assert told.code == 2
    assert told.err.endswith(f"nstall it with: {how_to_install(extra)}\n")
    assert told.err.count("\n") == 1
