"""What a study on many rows is measured by, and what is reached without the inputs."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from studies.made_up import cells_of, flags, runs_of, study_of
from studies.scored import lossy, near, scored

from trainlab.spec import Experiment
from trainlab.studies.performance_measure import measure_of
from trainlab.studies.verdicts.score_verdicts import End, constant_predictor_p, judge_guesses, mean_p, rows_p


def test_held_out_accuracy_beside_the_commonest_class_of_the_rows_trained_on():
    result = scored({(): near(0.8)})
    measure, data = result.measure, result.cells[0].runs.experiment.data()
    assert measure is not None
    assert (measure.kind, measure.held_out, measure.rows) == ("accuracy", True, 40)
    ones = float(data.targets.mean())
    place = int(ones > 0.5)
    share = float(data.held_out_targets.mean())
    assert measure.majority == f"class {place}"
    assert measure.training_guess == pytest.approx(ones if place else 1 - ones)
    assert measure.guess == pytest.approx(share if place else 1 - share)


def test_a_regression_has_its_loss_beside_the_best_constant_s():
    measure = lossy({(): near(0.1)}).measure
    assert measure is not None
    data = lossy({(): near(0.1)}).cells[0].runs.experiment.data()
    assert (measure.kind, measure.squared) == ("loss", True)
    assert measure.guess == pytest.approx(float(data.held_out_targets.var()))


def test_a_handful_of_rows_has_no_measure_and_neither_have_losses_of_two_kinds():
    assert measure_of(cells_of(study_of(), lambda cell: runs_of(cell.experiment, flags((3, True))))) is None
    study = study_of("A", networks=("1-3-1",), ask=(), task="curve", network="1-3-1")
    cells = cells_of(study, lambda cell: runs_of(cell.experiment, flags((3, True))))
    assert measure_of(cells) is not None
    other = Experiment.from_dict({**cells[1].runs.experiment.to_dict(), "loss": "l1"})
    mixed = (cells[0], replace(cells[1], runs=replace(cells[1].runs, experiment=other)))
    assert measure_of(mixed) is None


@pytest.mark.parametrize(("won", "lost"), [(9, 1), (8, 2), (20, 8), (14, 8), (0, 0), (1, 20)])
def test_rows_won_and_lost_have_the_p_value_of_an_exact_sign_test(won: int, lost: int):
    p = stats.binomtest(won, won + lost, alternative="greater").pvalue if won + lost else 1.0
    assert rows_p(won, lost) == pytest.approx(p)


def test_losses_by_row_have_the_p_value_of_a_paired_t_test():
    values = np.random.default_rng(0).normal(0.3, 1.0, 30)
    assert mean_p(values) == pytest.approx(stats.ttest_1samp(values, 0.0, alternative="greater").pvalue)
    assert mean_p(-values) == pytest.approx(1 - mean_p(values))
    assert mean_p(np.ones(30)) == mean_p(values[:9]) == 1.0


def linear(weights: list[float]):
    """Return runs that all have these parameters, with the accuracy that they have, and what is right."""
    experiment = Experiment.from_dict(
        {
            "network": {"widths": "2-1", "output_activation": "linear"},
            "task": {"name": "blobs", "classes": 2, "points": 60, "std": 6.0},
            "loss": "bce_with_logits",
            "epochs": 20,
        }
    )
    data = experiment.data()
    right = (data.inputs @ weights[:2] + weights[2] > 0) == (data.targets[:, 0] > 0.5)
    runs = runs_of(experiment, flags((9, False)))
    parameters = np.repeat(np.array([weights], dtype=np.float32), 9, axis=0)
    runs = replace(runs, parameters=parameters, accuracy=np.full(9, right.mean(), dtype=np.float32))
    return runs, right, data.targets[:, 0] > 0.5


@pytest.mark.parametrize("weights", [[1.0, 0.5, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, -4.0], [0.0, 0.0, 1.0]])
def test_whether_a_network_beats_the_guess_is_counted_row_by_row(weights: list[float]):
    runs, right, ones = linear(weights)
    study = study_of(ask=())
    (cell,) = cells_of(study, lambda _: runs)
    measure = measure_of((cell,))
    assert measure is not None
    guessed = ones == bool(measure.majority_place)
    won, lost = int((right & ~guessed).sum()), int((guessed & ~right).sum())
    assert constant_predictor_p(measure, runs) == (rows_p(won, lost), rows_p(lost, won))


def test_without_parameters_the_least_that_an_accuracy_shows_counts():
    # 40 rows held out, about half of them of the commonest class.
    result = scored({(): near(0.95, spread=0)})
    measure, runs = result.measure, result.cells[0].runs
    assert measure is not None
    bare = replace(runs, parameters=runs.parameters[:, :0])
    assert (constant_predictor_p(measure, bare) or (1.0,))[0] < 0.025
    low = np.full(40, measure.guess + 0.05, dtype=np.float32)
    assert (constant_predictor_p(measure, replace(bare, held_out_accuracy=low)) or (0.0,))[0] > 0.025


def test_the_verdict_on_the_guess_follows_the_runs():
    result = scored({(): near(0.95, spread=0)})
    measure, runs = result.measure, result.cells[0].runs
    assert measure is not None

    def told(accuracy: float, many: int = 1):
        values = np.full(40, accuracy, dtype=np.float32)
        end = End(network="Net", where="", runs=replace(runs, held_out_accuracy=values))
        return judge_guesses(measure, [end] * many)[0]

    good, bad, same = told(0.95), told(0.1), told(measure.guess)
    unsure = told(measure.guess + 0.025)
    assert [item.outcome for item in (good, bad, same, unsure)] == ["upheld", "refuted", "mixed", "mixed"]
    assert good.sentence == (
        f'Net does better than always answering "{measure.majority}" on this one split\'s rows: '
        "95.0 % of 40 held-out rows right in "
        f"the median of 40 seeds, against {100 * measure.guess:.1f} %."
    )
    assert bad.sentence.startswith("Net doesn't do better than always answering")
    assert "isn't shown to do better" in unsure.sentence
    # Of many ends one is better by chance, so each must show more.
    border = next(k / 40 for k in range(40) if told(k / 40).outcome == "upheld")
    assert told(border, many=20).outcome == "mixed"


def test_of_rows_trained_on_nothing_is_concluded():
    result = scored({(): near(0.99, spread=0)}, trained=0.99, split={"held_out": 0.0})
    (told,) = [item for item in result.verdicts if item.topic == "score"]
    assert told.outcome == "mixed"
    assert told.sentence.endswith("; only rows trained on were asked.")
    assert "shown" not in result.answer


def regression(slope: float, noise: float, seed: int = 0):
    """Return a measure, runs of one line on the curve's data, and what each row gains on the constant."""
    experiment = Experiment.from_dict(
        {
            "network": {"widths": "1-1", "output_activation": "linear"},
            "task": {"name": "curve", "points": 60},
            "split": {"held_out": 0.4},
            "epochs": 20,
        }
    )
    data, rng = experiment.data(), np.random.default_rng(seed)
    weights = [slope + noise * rng.normal(), noise * rng.normal() + float(data.held_out_targets.mean())]
    answers = data.held_out_inputs * weights[0] + weights[1]
    loss = float(((answers - data.held_out_targets) ** 2).mean())
    runs = runs_of(experiment, flags((9, False)))
    parameters = np.repeat(np.array([weights], dtype=np.float32), 9, axis=0)
    runs = replace(runs, parameters=parameters, held_out_loss=np.full(9, loss, dtype=np.float32))
    (cell,) = cells_of(study_of(ask=()), lambda _: runs)
    measure = measure_of((cell,))
    assert measure is not None
    gained = (data.held_out_targets - data.held_out_targets.mean()) ** 2 - (
        answers - data.held_out_targets
    ) ** 2
    return measure, runs, gained[:, 0]


def test_whether_a_regression_beats_the_constant_is_asked_row_by_row():
    outcomes = []
    for slope, noise, seed in [(0.0, 0.02, seed) for seed in range(20)] + [(-0.02, 0.0, 0), (0.02, 0.0, 0)]:
        measure, runs, gained = regression(slope, noise, seed)
        p = constant_predictor_p(measure, runs)
        assert p == pytest.approx((mean_p(gained), mean_p(-gained)), rel=1e-3)
        (told,) = judge_guesses(measure, [End(network="Net", where="", runs=runs)])
        better, worse = (
            stats.ttest_1samp(gained, 0.0, alternative=side).pvalue for side in ("greater", "less")
        )
        wanted = "upheld" if better < 0.025 else "refuted" if worse < 0.025 else "mixed"
        assert told.outcome == wanted
        outcomes.append((told.outcome, bool(gained.mean() > 0)))
    # A lower loss by itself isn't enough.
    assert ("mixed", True) in outcomes


def test_losses_without_their_rows_conclude_nothing():
    measure, runs, _ = regression(-0.02, 0.0)
    bare = replace(runs, parameters=runs.parameters[:, :0], held_out_loss=np.zeros(9, dtype=np.float32))
    (told,) = judge_guesses(measure, [End(network="Net", where="", runs=bare)])
    assert told.outcome == "mixed"
    assert told.sentence.endswith("; what the median run does row by row isn't known.")
