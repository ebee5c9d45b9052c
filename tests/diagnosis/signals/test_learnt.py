"""What counts as learnt, and what the data are seen to allow."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from trainlab.diagnosis.signals.baselines import RIDGE, References, is_table, references, without_itself
from trainlab.diagnosis.signals.learnt import State, state_of

KNOWN = {
    "loss": 0.3,
    "constant": 1.0,
    "start": 1.2,
    "reached": 0.7,
    "neighbours": math.nan,
    "rows": 200,
    "steps": 500,
}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "learnt"),
        ({"loss": 0.5}, "learnt"),
        ({"loss": 0.51}, "poor"),
        ({"loss": 0.91}, "stuck"),
        ({"loss": 0.91, "holds_weak": True, "reached": 0.05}, "poor"),
        ({"loss": 1.01, "holds_weak": True, "reached": 0.05}, "stuck"),
        ({"loss": 0.91, "holds_weak": True, "reached": 0.05, "neighbours": 0.3}, "stuck"),
        ({"loss": 0.5, "unexplained": 0.67}, "poor"),
        ({"loss": 0.5, "unexplained": 1.0}, "stuck"),
        ({"loss": 0.8, "mistakes": 0.5}, "learnt"),
        ({"loss": 0.8, "mistakes": 0.6}, "poor"),
        ({"loss": 0.8, "reached": 0.2, "allowed": 0.29}, "learnt"),
        ({"loss": 0.8, "reached": 0.2, "allowed": 0.31}, "poor"),
        ({"loss": 0.3, "neighbours": 0.81}, "poor"),
        ({"loss": 0.3, "neighbours": 0.81, "rows": 99}, "learnt"),
        ({"loss": 0.8, "right": 1.0}, "learnt"),
        ({"loss": 0.3, "right": 0.75}, "poor"),
        ({"loss": 0.91, "right": 1.0}, "stuck"),
        ({"loss": 12.1}, "diverged"),
        ({"steps": 59}, "unknown"),
        ({"constant": 0.0}, "unknown"),
    ],
)
def test_between_a_constant_answer_and_what_the_data_allow_lies_poor(
    changes: dict[str, float], state: State
) -> None:
    assert state_of(**KNOWN | changes) == state  # type: ignore[arg-type]


def test_a_linear_fit_answers_for_rows_that_it_was_not_given() -> None:
    """Against ridge regressions fitted anew without each row, at the penalty of the whole."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(40, 3))
    x = (x - x.mean(0)) / x.std(0)
    y = x @ generator.normal(size=(3, 2)) + generator.normal(size=(40, 2))
    wanted = np.empty_like(y)
    penalty = RIDGE * len(x) * np.diag([0.0, 1.0, 1.0, 1.0])
    design = np.column_stack([np.ones(len(x)), x])
    for row in range(len(x)):
        rest = np.delete(np.arange(len(x)), row)
        of = design[rest]
        wanted[row] = design[row] @ np.linalg.solve(of.T @ of + penalty, of.T @ y[rest])
    np.testing.assert_allclose(without_itself(x, y), wanted, rtol=1e-9)


def test_noisy_lines_are_known_to_a_linear_fit_and_parity_to_nobody() -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(400, 4))
    noisy = x[:, 0] + 2.0 * generator.normal(size=400)
    line = references([tuple(row) for row in x], list(noisy), classes=False)
    assert line is not None
    assert line.neighbours < 0.1 < line.linear < 0.3
    assert math.isnan(line.allowed)
    bits = np.array(list(itertools.product((0.0, 1.0), repeat=6)))
    parity = references([tuple(row) for row in bits], list(bits.sum(1) % 2), classes=True)
    assert parity is not None
    assert max(parity.neighbours, parity.linear) < parity.chance + 0.05
    assert math.isnan(parity.allowed)


@pytest.mark.parametrize(
    ("neighbours", "linear", "allowed"),
    [
        (0.6, 0.65, 0.65),
        (0.66, 0.6, 0.66),
        (0.6, 0.71, math.nan),
        (0.54, 0.56, math.nan),
        (0.45, 0.5, math.nan),
    ],
)
def test_the_data_are_seen_to_allow_what_two_kinds_of_learners_reach(
    neighbours: float, linear: float, allowed: float
) -> None:
    found = References(neighbours=neighbours, linear=linear, chance=0.5, rows=200)
    assert found.allowed == pytest.approx(allowed, nan_ok=True)


@pytest.mark.parametrize(
    ("rows", "targets", "table"),
    [
        (4, (0, 1, 1, 0), True),
        (4, (0, 1, 2, 0), False),
        (4, (1, 1, 1, 1), False),
        (3, (0, 1, 1), False),
        (16, (0, 1) * 8, True),
        (20, (0, 1) * 10, False),
    ],
)
def test_a_table_has_a_yes_or_no_for_each_of_few_choices(
    rows: int, targets: tuple[float, ...], table: bool
) -> None:
    inputs = [(float(row % 4), float(row // 4)) for row in range(rows)]
    assert is_table(inputs * 2, targets * 2) is table


def test_a_dozen_measured_points_are_no_table() -> None:
    assert not is_table([(float(x),) for x in range(12)], [0, 1] * 6)
    assert not is_table([(float(x), float(x % 2)) for x in range(12)], [0, 1] * 6)


def test_rows_that_are_answered_otherwise_a_second_time_are_no_table() -> None:
    rows = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    assert is_table(rows, [0, 1, 1, 0])
    assert not is_table([*rows, rows[0]], [0, 1, 1, 0, 1])
