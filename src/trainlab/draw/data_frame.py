"""Columns as a data frame of pandas or polars, whichever is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy.typing as npt

from trainlab.errors import MissingPackageError, TrainlabError, listing, nearest, shown

LIBRARIES = ("pandas", "polars")
"""The libraries of data frames; by default the first that is installed."""

Column = Sequence[Any] | npt.NDArray[Any]


def data_frame(columns: Mapping[str, Column], library: str | None) -> Any:
    """Return columns of one length as a ``pandas.DataFrame`` or a ``polars.DataFrame``.

    Missing values, None or NaN, are NaN or None in pandas and null in polars. `library` is one of
    `LIBRARIES`; None takes the first that is installed.

    Raises:
        TrainlabError: there is no such library.
        MissingPackageError: it isn't installed, or none of them is.
    """
    if library is not None and library not in LIBRARIES:
        raise TrainlabError(
            f"library = {shown(library)}: must be {listing(LIBRARIES)}.{nearest(str(library), LIBRARIES)}"
        )
    name = library or next(filter(_is_installed, LIBRARIES), None)
    if name is None:
        raise MissingPackageError(
            "to_frame: needs pandas or polars, and neither is installed. pip install pandas"
        )
    if not _is_installed(name):
        raise MissingPackageError(
            f"library = {name!r}: {name} isn't installed. pip install {name}", name=name
        )
    # trainlab needs neither, so a type checker may not know them.
    package: Any = import_module(name)
    if name == "polars":
        return package.DataFrame(dict(columns), nan_to_null=True)
    return package.DataFrame(dict(columns))


def check_table(of: str, tables: Sequence[str]) -> None:
    """Refuse a table that a result doesn't have, naming the nearest."""
    if of not in tables:
        raise TrainlabError(f"of = {shown(of)}: must be {listing(tables)}.{nearest(str(of), tables)}")


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:  # a module that stands for it and says nothing of where it's from
        return False
