"""Outliers: the data, medians with their coverage, and readings on numbers made up and on trained runs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from trainlab.explain.populations import Populations
from trainlab.explain.questions.loss.outlier_runs import (
    SHARE,
    SHIFT,
    OutlierRuns,
    losses_compared,
    outlier_data,
    slope_jump,
    train_outliers,
)
from trainlab.explain.questions.loss.outliers import (
    median_of,
    outliers_section,
    outliers_sentence,
    read_outliers,
)
from trainlab.spec import L1, MSE, Huber, LogCosh, SmoothL1


def test_a_share_of_the_targets_is_shifted_and_what_is_judged_is_clean() -> None:
    data, other = outlier_data(1), outlier_data(2)
    moved = data.dirty - data.clean
    assert data.shifted.sum() == round(SHARE * len(data.clean))
    np.testing.assert_allclose(moved[data.shifted], SHIFT * data.clean.std())
    assert (moved[~data.shifted] == 0).all()
    assert (data.shifted != other.shifted).any()
    np.testing.assert_array_equal(outlier_data(1).dirty, data.dirty)
    trained = {tuple(row) for row in data.inputs}
    assert not any(tuple(row) in trained for row in data.judged_inputs)
    np.testing.assert_allclose(data.judged_targets, np.sin(np.pi * data.judged_inputs))


@pytest.mark.parametrize("n", [6, 9, 20, 25, 61])
def test_the_interval_of_a_median_covers_as_often_as_it_says(n: int) -> None:
    found = median_of(np.arange(n))
    below = int(found.low)
    # The median is missed if at most `below` values, or at least n − below, lie under it.
    missed = 2 * stats.binom.cdf(below, n, 0.5)
    assert missed <= 0.05 < 2 * stats.binom.cdf(below + 1, n, 0.5)
    assert found.low + found.high == n - 1
    assert found.median == (n - 1) / 2


def test_of_few_values_the_interval_is_all_of_them() -> None:
    assert (median_of([3.0, 1.0]).low, median_of([3.0, 1.0]).high) == (1.0, 3.0)
    assert str(median_of([2.0])) == "2 (2 to 2)"


@pytest.mark.parametrize("n", [2, 3, 5, 6, 7, 9, 20, 61])
def test_the_level_is_how_often_the_median_is_held(n: int) -> None:
    found = median_of(np.arange(n))
    below = int(found.low)
    assert found.level == pytest.approx(1 - 2 * stats.binom.cdf(below, n, 0.5), abs=1e-12)
    assert found.sure == (n >= 6)
    draws = np.sort(np.random.default_rng(n).normal(size=(20_000, n)), axis=1)
    held = np.mean((draws[:, below] <= 0) & (draws[:, n - 1 - below] >= 0))
    assert held == pytest.approx(found.level, abs=0.012)


@pytest.mark.parametrize(
    ("loss", "jump"), [(L1(), 2), (MSE(), 0), (Huber(), 0), (LogCosh(), 0), (SmoothL1(beta=0.0), 2)]
)
def test_only_the_slope_of_l1_jumps(loss: Any, jump: float) -> None:
    assert slope_jump(loss) == jump


def made_up(**dirty: float) -> OutlierRuns:
    """Twenty draws of eight seeds: the clean error is 1 under all, with outliers as given, give or take."""
    rng = np.random.default_rng(0)
    data = outlier_data(0)
    losses = losses_compared(data.clean)
    labels = [label for label, _ in losses]

    def around(value: float) -> Any:
        return value * rng.uniform(0.95, 1.05, (20, 8))

    times = [dirty[name] for name in ("l1", "mse", "huber", "small", "log_cosh")]
    return OutlierRuns(
        network="1-16-1",
        draws=20,
        seeds=8,
        data=data,
        epochs=500,
        losses=losses,
        clean={label: around(1.0) for label in labels},
        dirty={label: around(value) for label, value in zip(labels, times, strict=True)},
        climbs={label: around(1.0 if label == "l1" else 0.01) for label in labels},
        fits=dict.fromkeys(labels, data.judged_targets[:, 0]),
    )


def test_the_statements_are_read_from_the_numbers() -> None:
    found = read_outliers(made_up(l1=1.3, mse=9.0, huber=5.0, small=1.4, log_cosh=6.0))
    assert [each.reading for each in found.statements] == ["upheld", "upheld", "in part", "upheld"]
    assert found.losses[0].ratio.low <= 1.3 <= found.losses[0].ratio.high
    first = found.comparisons[0]
    assert (first.first, first.second, first.lower, first.runs, first.draws_lower) == (
        "l1",
        "mse",
        160,
        160,
        20,
    )
    assert first.shown
    harmed = read_outliers(made_up(l1=3.0, mse=9.0, huber=5.0, small=3.0, log_cosh=6.0))
    assert harmed.statements[0].reading == "in part"
    none = read_outliers(made_up(l1=9.0, mse=9.0, huber=9.0, small=9.0, log_cosh=9.0))
    assert none.statements[0].reading == "not seen"
    assert "9" in outliers_sentence(none)


def test_with_few_data_sets_nothing_is_upheld_by_their_range() -> None:
    runs = made_up(l1=1.3, mse=9.0, huber=5.0, small=1.4, log_cosh=6.0)

    def few(values: dict[str, Any]) -> dict[str, Any]:
        return {label: each[:5] for label, each in values.items()}

    fewer = replace(runs, draws=5, clean=few(runs.clean), dirty=few(runs.dirty), climbs=few(runs.climbs))
    found = read_outliers(fewer)
    assert "upheld" not in [found.statements[place].reading for place in (0, 2, 3)]
    section = outliers_section(fewer, found)
    assert section.tables[0].title.endswith("5 data sets, ranges from least to largest, 93.75 % intervals")
    assert "The median of 5 data sets has no 95 % interval" in " ".join(section.text)
    assert "(ranges over 5 data sets, 93.75 % intervals)" in outliers_sentence(found)
    many = outliers_section(runs, read_outliers(runs))
    assert many.tables[0].title == "Medians over 20 data sets, 95 % intervals"
    assert "no 95 % interval" not in " ".join(many.text)


def test_of_costly_trainings_there_are_fewer_data_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.explain.populations.MOST_WORK", 1.0)
    runs = train_outliers(Populations(seeds=1000, workers=1))
    assert (runs.draws, runs.seeds) == (2, 8)
    assert runs.note.startswith("Of the 160 seeds asked for 16 were trained")
    assert train_outliers(Populations(seeds=16, workers=1)).note == ""


def test_a_jumpy_square_would_not_be_smooth() -> None:
    runs = made_up(l1=1.3, mse=9.0, huber=5.0, small=1.4, log_cosh=6.0)
    rough = replace(runs, climbs=dict.fromkeys(runs.climbs, runs.climbs["l1"]))
    assert read_outliers(rough).statements[1].reading == "not seen"


def test_trained_on_the_sine() -> None:
    runs = train_outliers(Populations(seeds=3, workers=1))
    assert (runs.draws, runs.seeds, runs.network) == (2, 3, "1-16-1")
    assert {each.shape for each in runs.clean.values()} == {(2, 3)}
    assert (runs.dirty["mse"] > 1.5 * runs.clean["mse"]).all()
    assert (runs.dirty["l1"] < runs.dirty["mse"]).all()
    assert (np.array(list(runs.climbs.values())) >= 0).all()


def test_the_clean_error_is_that_of_a_single_network() -> None:
    runs = train_outliers(Populations(seeds=1, workers=1))
    data, fit = runs.data, runs.fits["mse"]
    error = np.sqrt(np.mean((fit[:, None] - data.judged_targets) ** 2))
    assert runs.dirty["mse"][0, 0] == pytest.approx(error)
    assert len(outliers_section(runs, read_outliers(runs)).pictures) == 2
