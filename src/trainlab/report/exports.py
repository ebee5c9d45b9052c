# pyright: basic
"""Studies written for other programs: tables as files, and what trackers of experiments read."""

from __future__ import annotations

import csv
import io
import math
import os
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from trainlab.draw import Column
from trainlab.errors import MissingPackageError, TrainlabError, lacking, listing, shown
from trainlab.studies import StudyResult
from trainlab.studies.cells import CellResult
from trainlab.studies.study_columns import study_columns
from trainlab.whole_file import whole_file

# A study's tables as files that other programs read: CSV, or Parquet by pyarrow (extra ``data``).


ENDINGS: Final = (".csv", ".parquet")
"""What a file's name ends with says which it is."""


def check_table_file(path: str | os.PathLike[str]) -> None:
    """Refuse, before any work is done, a file whose kind isn't known or can't be written here.

    Raises:
        TrainlabError: the name has none of `ENDINGS`.
        MissingPackageError: it is Parquet, and pyarrow isn't installed.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise TrainlabError(
            f"{shown(str(path))}: must end with {listing(ENDINGS)}, which says what to write."
        )
    if ending == ".parquet":
        _pyarrow()


def write_table(columns: Mapping[str, Column], path: str | os.PathLike[str]) -> None:
    """Write columns of one length as CSV or Parquet, whole, or leave what was there.

    What is missing, None or NaN, is an empty field of CSV and null in Parquet.

    Raises:
        TrainlabError: as `check_table_file`.
        OSError: the file can't be written.
    """
    check_table_file(path)
    whole = _csv(columns) if Path(path).suffix.lower() == ".csv" else _parquet(columns)
    with whole_file(path) as file:
        file.write(whole)


def _csv(columns: Mapping[str, Column]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*map(_plain, columns.values()), strict=True))
    return text.getvalue().encode()


def _plain(column: Column) -> list[Any]:
    """Return a column as Python has it; NaN, which is no field of CSV that all programs read, as None."""
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return [None if value != value else value for value in values]


def _parquet(columns: Mapping[str, Column]) -> bytes:
    arrow, parquet = _pyarrow()
    arrays = {name: arrow.array(values, from_pandas=True) for name, values in columns.items()}
    sink = arrow.BufferOutputStream()
    parquet.write_table(arrow.table(arrays), sink)
    return sink.getvalue().to_pybytes()


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            lacking("Parquet", "pyarrow", extra="data", instead="Write .csv"), name="pyarrow"
        ) from error


# A study's cells in MLflow or TensorBoard: a run each, with what it is, how it ended, and its loss.


TRACKERS: Final = ("mlflow", "tensorboard")
_MODULES: Final = {"mlflow": "mlflow", "tensorboard": "tensorboardX"}

AT_ONCE: Final = 1000
"""The most metrics that MLflow takes per call."""


def check_tracker(tracker: str, place: str) -> None:
    """Refuse, before any work is done, a tracker that isn't installed, or a place that it can't write to.

    Raises:
        MissingPackageError: the tracker of that name isn't installed.
        TrainlabError: MLflow can't be reached at its URI, or TensorBoard's folder is none, or holds runs.
    """
    module = _module(tracker)
    if tracker == "mlflow":
        with _refusals(place):
            module.MlflowClient(place or None).search_experiments(max_results=1)
    else:
        folder = Path(place)
        existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        if not existing.is_dir():
            raise TrainlabError(f"tensorboard:{place}: {existing} is a file; give the name of a folder.")
        if next(folder.rglob("events.out.tfevents.*"), None):
            raise TrainlabError(
                f"tensorboard:{place}: holds runs already, and these would stand beside them; give another "
                "folder, or empty it."
            )


def log_cells(result: StudyResult, tracker: str, place: str) -> None:
    """Log each cell as a run: ``mlflow`` under a tracking URI, ``tensorboard`` in a folder.

    A cell's parameters are its network, changes and settings; its metrics are the numbers of its row in the
    table of cells (`StudyResult.to_frame`), and ``median_loss`` at each epoch that was recorded. An MLflow
    experiment has the study's title; `place` is ``""`` for MLflow's own default.

    Raises:
        MissingPackageError: the tracker isn't installed.
        TrainlabError: MLflow refuses what it is given.
    """
    log = {"mlflow": _to_mlflow, "tensorboard": _to_tensorboard}[tracker]
    with _refusals(place):
        log(_module(tracker), result, place)


@contextmanager
def _refusals(place: str) -> Generator[None]:
    """Turn what MLflow raises into a line; its classes are known only once it is imported."""
    try:
        yield
    except Exception as error:
        if not any(each.__module__ == "mlflow.exceptions" for each in type(error).__mro__):
            raise
        to = f"mlflow:{place}" if place else "mlflow"
        raise TrainlabError(f"{to}: MLflow says: {' '.join(str(error).split())}") from error


def _to_mlflow(mlflow: Any, result: StudyResult, place: str) -> None:
    from mlflow.entities import Metric, Param

    client = mlflow.MlflowClient(place or None)
    title = result.study.title or "trainlab"
    found = client.get_experiment_by_name(title)
    experiment = found.experiment_id if found else client.create_experiment(title)
    for item, ended in _rows(result):
        now = int(time.time() * 1000)
        run = client.create_run(experiment, run_name=item.cell.name).info.run_id
        metrics = [
            *(Metric(name, value, now, 0) for name, value in ended.items()),
            *(Metric("median_loss", loss, now, epoch) for epoch, loss in _losses(item)),
        ]
        params = [Param(name, str(value)) for name, value in _settings(item).items()]
        client.log_batch(run, params=params)
        for start in range(0, len(metrics), AT_ONCE):
            client.log_batch(run, metrics[start : start + AT_ONCE])
        client.set_terminated(run)


def _to_tensorboard(tensorboardx: Any, result: StudyResult, place: str) -> None:
    for item, ended in _rows(result):
        folder = Path(place) / item.cell.name.replace("/", "_")
        with tensorboardx.SummaryWriter(str(folder)) as writer:
            lines = [f"    {name}: {value}" for name, value in _settings(item).items()]
            writer.add_text("settings", "\n".join(lines))
            for name, value in ended.items():
                writer.add_scalar(name, value, item.runs.experiment.epochs)
            for epoch, loss in _losses(item):
                writer.add_scalar("median_loss", loss, epoch)


def _settings(item: CellResult) -> dict[str, Any]:
    """Return what the cell is: its names, and each setting of its experiment by its path."""
    named = {"cell_network": item.cell.network, "cell_changes": "+".join(item.cell.changes) or "none"}
    return named | dict(_paths("", item.runs.experiment.to_dict()))


def _paths(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Give each entry of nested data by its path, as a study file writes it: ``optimizer.lr``."""
    if not isinstance(value, dict):
        yield path, value
        return
    for name, each in value.items():
        yield from _paths(f"{path}.{name}" if path else name, each)


def _rows(result: StudyResult) -> Iterator[tuple[CellResult, dict[str, float]]]:
    """Give each cell with the numbers of its row in the table of cells, by their column."""
    columns = study_columns(result, "cells")
    for place, item in enumerate(result.cells):
        row = {name: column[place] for name, column in columns.items()}
        # Whether a change was made isn't how the cell ended, and is among its settings.
        others = (str, bool, np.bool_, type(None))
        numbers = {name: float(value) for name, value in row.items() if not isinstance(value, others)}
        yield item, {name: value for name, value in numbers.items() if math.isfinite(value)}


def _losses(item: CellResult) -> Iterator[tuple[int, float]]:
    for epoch, loss in zip(item.runs.loss_epochs.tolist(), item.loss.median.tolist(), strict=True):
        if math.isfinite(loss):
            yield epoch, loss


def _module(tracker: str) -> Any:
    name = _MODULES[tracker]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise MissingPackageError(lacking(tracker, name, extra=tracker), name=name) from error
