"""Data frames of pandas or polars: which is taken, what is missing, and what is said without either."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from trainlab.draw import check_table, data_frame
from trainlab.errors import MissingPackageError, TrainlabError

COLUMNS: dict[str, Any] = {
    "name": ["a", "b"],
    "made": np.array([True, False]),
    "k": [3, None],
    "loss": np.array([0.5, np.nan]),
}


def test_pandas_is_taken_first():
    frame = data_frame(COLUMNS, None)
    assert type(frame).__module__.startswith("pandas")
    assert list(frame.columns) == ["name", "made", "k", "loss"]
    assert frame["made"].dtype == bool
    assert frame.loc[frame.made, "name"].tolist() == ["a"]
    assert frame["k"].isna().tolist() == frame["loss"].isna().tolist() == [False, True]


@pytest.mark.parametrize("library", ["polars", None])
def test_polars_is_taken_where_it_is_asked_for_or_alone(library: str | None, monkeypatch: pytest.MonkeyPatch):
    if library is None:
        monkeypatch.setitem(sys.modules, "pandas", None)
    frame = data_frame(COLUMNS, library)
    assert type(frame).__module__.startswith("polars")
    assert frame.columns == ["name", "made", "k", "loss"]
    assert frame.null_count().row(0) == (0, 0, 1, 1)


def test_without_either_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"^library = 'pandas': pandas isn't installed"):
        data_frame(COLUMNS, "pandas")
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingPackageError) as raised:
        data_frame(COLUMNS, None)
    assert str(raised.value) == (
        "to_frame: needs pandas or polars, and neither is installed. pip install pandas"
    )


def test_a_wrong_name_is_told_with_the_nearest():
    with pytest.raises(TrainlabError) as raised:
        data_frame(COLUMNS, "panda")
    assert str(raised.value) == "library = 'panda': must be 'pandas' or 'polars'. Did you mean 'pandas'?"
    with pytest.raises(TrainlabError) as raised:
        check_table("cell", ("cells", "runs"))
    assert str(raised.value) == "of = 'cell': must be 'cells' or 'runs'. Did you mean 'cells'?"
