"""What one feature alone tells: against brute force, and beside what the others reach."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trainlab.diagnosis.signals.baselines import references, strongest_feature

GENERATOR = np.random.default_rng(1)


def by_brute_force(column: np.ndarray, y: np.ndarray, *, classes: bool) -> float:
    """Answer each row by its equals if they are 6; else by 3 before and after it and what equals these."""
    placed = np.sort(column)
    answers = []
    for at, value in enumerate(column):
        place = int(np.flatnonzero(np.argsort(column, kind="stable") == at)[0])
        low, high = placed[max(place - 3, 0)], placed[min(place + 3, len(placed) - 1)]
        near = column == value if (column == value).sum() > 6 else (column >= low) & (column <= high)
        near[at] = False
        labels = np.unique(y)
        share = [(y[near] == label).sum() for label in labels]
        answers.append(labels[int(np.argmax(share))] if classes else y[near].mean())
    found = np.asarray(answers)
    return float((found == y).mean()) if classes else 1 - float(((found - y) ** 2).mean() / y.var())


@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize("levels", [0, 4])
def test_it_is_what_brute_force_finds(classes: bool, levels: int):
    x = GENERATOR.normal(size=(80, 4))
    y = np.round(x[:, 2] + GENERATOR.normal(size=80)) if classes else x[:, 2] + GENERATOR.normal(size=80)
    x = np.floor(x * levels) if levels else x
    x, kept = np.unique(x, axis=0, return_index=True)
    y = y[kept]
    found = strongest_feature([tuple(row) for row in x], list(y), classes=classes)
    assert found is not None
    alone = [by_brute_force(column, y, classes=classes) for column in x.T]
    assert found.feature == int(np.argmax(alone))
    assert found.alone == pytest.approx(max(alone))
    rest = references([tuple(row) for row in np.delete(x, found.feature, 1)], list(y), classes=classes)
    assert found.rows == len(np.unique(x, axis=0))
    if rest is not None:
        assert found.others == max(rest.neighbours, rest.linear)


def test_a_yes_or_no_that_is_the_class_tells_all_of_it():
    flags = GENERATOR.integers(0, 2, size=(200, 3)).astype(float)
    measured = GENERATOR.normal(size=(200, 2))
    x = np.column_stack([flags, measured])
    found = strongest_feature([tuple(row) for row in x], list(flags[:, 1]), classes=True)
    assert found is not None
    assert (found.feature, found.alone) == (1, 1.0)
    assert found.others < 0.7
    assert found.tells_nearly_all


def test_where_the_others_tell_as_much_it_is_no_leak():
    x = GENERATOR.normal(size=(300, 1)) + 0.01 * GENERATOR.normal(size=(300, 4))
    found = strongest_feature([tuple(row) for row in x], list(x.mean(1)), classes=False)
    assert found is not None
    assert found.alone > 0.95
    assert not found.tells_nearly_all


def test_few_rows_or_features_tell_nothing():
    x = GENERATOR.normal(size=(100, 3))
    rows = [tuple(row) for row in x]
    assert strongest_feature(rows[:59], list(x[:59, 0]), classes=False) is None
    assert strongest_feature([row[:2] for row in rows], list(x[:, 0]), classes=False) is None
    assert strongest_feature(rows, [1.0] * 100, classes=False) is None
    assert strongest_feature(rows, [math.nan, *x[1:, 0]], classes=False) is None
