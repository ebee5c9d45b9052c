"""The data sets that come with scikit-learn (extra ``data``); nothing is downloaded."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from trainlab.errors import SpecError
from trainlab.tasks.task import Task, classified, examples


def digits() -> Task:
    """Return 1,797 handwritten digits of 8 × 8 pixels."""
    return _classes("digits")


def iris() -> Task:
    """Return Fisher's 150 iris flowers."""
    return _classes("iris")


def wine() -> Task:
    """Return 178 wines of three growers."""
    return _classes("wine")


def breast_cancer(*, one_hot: bool) -> Task:
    """Return 569 tumours, malignant (0) or benign (1)."""
    return _classes("breast_cancer", one_hot=one_hot)


def diabetes() -> Task:
    """Return 442 patients and the progress of their disease; the inputs are scaled, as in scikit-learn."""
    data = _load("diabetes")
    return examples(
        "diabetes",
        np.asarray(data.data, dtype=np.float64),
        np.asarray(data.target, dtype=np.float64)[:, None],
        kind="regression",
        feature_names=tuple(map(str, data.feature_names)),
    )


def _classes(name: str, *, one_hot: bool = False) -> Task:
    data = _load(name)
    labels = tuple(map(str, data.target_names))
    return classified(
        name,
        np.asarray(data.data, dtype=np.float64),
        np.asarray(data.target, dtype=np.int64),
        count=len(labels),
        one_hot=one_hot,
        feature_names=tuple(map(str, data.feature_names)),
        class_names=labels,
    )


def _load(name: str) -> Any:
    try:
        return getattr(import_module("sklearn.datasets"), f"load_{name}")()
    except ModuleNotFoundError as error:
        raise missing(f"task = {name!r}", "scikit-learn", error) from None


def missing(what: str, package: str, error: ModuleNotFoundError) -> SpecError:
    """Return the error for an optional package that isn't installed; `error` names the missing module."""
    return SpecError(f"{what}: needs {package} ({error}); install it with: pip install 'trainlab[data]'.")
