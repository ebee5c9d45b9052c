"""The rule on vanishing gradients, run by run, on arrays small enough to count by eye."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from studies.made_up import TINY, flags, runs_of

from trainlab import run
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.maths import LOSSES
from trainlab.spec import (
    BCE,
    L1,
    MSE,
    NLL,
    BCEWithLogits,
    CrossEntropy,
    Experiment,
    Gradients,
    Hinge,
    Huber,
    LogCosh,
    Loss,
    SmoothL1,
    Study,
    name_of,
)
from trainlab.studies.causes import causes_of, count_causes, failed, standing_still, vanishing
from trainlab.studies.cells import summarise

NAN = float("nan")

#            failed  loss  layer 1  layer 2
BY_EYE = [
    (True, 0.50, 1e-6, 0.5),  #   a vanishing gradient at every threshold
    (True, 0.20, 5e-5, 5e-5),  #  exactly 0.4 of the constant's loss is high; stands still at 1e-4 and 1e-3
    (True, 0.30, 5e-4, 0.0),  #   stands still only at 1e-3; layer 2 has vanished at 1e-4
    (True, 0.40, 5e-5, 5e-4),  #  a vanishing gradient at 1e-4, stands still at 1e-3
    (True, 0.19, 0.0, 0.0),  #    loss too low: an optimum, not a vanished gradient
    (True, 0.90, 1e-4, 0.0),  #   at the threshold is not below it; layer 2 has vanished at every one
    (True, 0.90, 0.0, 1e-4),  #   at the threshold the last layer still has a signal; at 1e-3 it has none
    (True, NAN, 0.0, 0.0),  #     a loss that isn't a number is not high
    (True, 0.90, 0.0, NAN),  #    a gradient that isn't a number is neither there nor gone
    (False, 0.50, 0.0, 0.0),  #   solved or diverged: not counted
    (False, NAN, NAN, NAN),  #    nor this one
]


def by_eye(rows: list[tuple[bool, float, float, float]]):
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return count_causes(failed=table[:, 0] == 1, loss=table[:, 1], gradient=table[:, 2:], constant_loss=0.5)


def test_counted_by_eye():
    counted = by_eye(BY_EYE)
    assert counted.failed == 9
    assert counted.high_loss == 7
    lost = (counted.vanishing, counted.vanishing_at_more, counted.vanishing_at_less)
    assert [(share.k, share.n) for share in lost if share] == [(3, 9), (1, 9), (2, 9)]
    still = (counted.standing_still, counted.standing_still_at_more, counted.standing_still_at_less)
    assert [(share.k, share.n) for share in still if share] == [(1, 9), (5, 9), (0, 9)]
    assert [value.k for value in counted.vanishing_by_layer] == [5, 3]
    assert counted.median_gradient_by_layer[0] == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("gradient", "lost", "still"),
    [
        ((0.0, 0.0, 0.0), 0, 1),
        ((9e-5, 9e-5, 9e-5), 0, 1),
        ((1.0, 0.0, 0.0), 0, 0),
        ((0.0, 1.0, 0.0), 0, 0),  # a signal that the last layer hasn't got can't be lost on its way
        ((0.0, 0.0, 1.0), 1, 0),
        ((0.0, 1.0, 1.0), 1, 0),
        ((0.0, 0.0, 1e-4), 1, 0),
        ((1.0, 1.0, 1.0), 0, 0),
    ],
)
def test_a_signal_that_fades_is_told_from_none_at_all(gradient: tuple[float, ...], lost: int, still: int):
    counted = count_causes(
        failed=flags((2, True), (1, False)),
        loss=np.array([1.0, 0.1, 1.0]),  # the second is no high loss
        gradient=np.array([gradient] * 3),
        constant_loss=1.0,
    )
    assert counted.vanishing is not None
    assert counted.standing_still is not None
    assert (counted.vanishing.k, counted.vanishing.n) == (lost, 2)
    assert (counted.standing_still.k, counted.standing_still.n) == (still, 2)


def test_of_a_single_layer_vanishing_is_never_asked():
    counted = count_causes(
        failed=flags((3, True)), loss=np.ones(3), gradient=np.array([[0.0], [0.0], [1.0]]), constant_loss=1.0
    )
    assert counted.vanishing is counted.vanishing_at_more is counted.vanishing_at_less is None
    assert counted.standing_still is not None
    assert counted.standing_still.k == 2
    assert counted.to_dict()["vanishing"] is None


def test_a_network_at_its_best_answer_stands_still_and_has_no_vanishing_gradient():
    # One linear layer can't do XOR: its best answer under MSE is ½ everywhere, with the gradient 0.
    linear = Experiment.from_dict(
        {
            "network": {"widths": "2-1", "output_activation": "linear"},
            "loss": "mse",
            "optimizer": {"name": "sgd", "lr": 0.1},
            "epochs": 2000,
        }
    )
    deep = Experiment.from_dict({**linear.to_dict(), "network": {"widths": "2-3-1", "activation": "linear"}})
    for experiment in (linear, deep):
        result = run(experiment, seeds=5, workers=1)
        cell = result.cells[0]
        assert cell.runs.loss == pytest.approx(0.25, abs=1e-6)
        assert cell.causes.standing_still is not None
        assert cell.causes.standing_still.k == 5
        assert not vanishing(cell.runs).any()
        assert standing_still(cell.runs).all()
        assert "UPHELD. Most of" not in str(result)
    assert "vanishing" not in [verdict.topic for verdict in run(linear, seeds=5, workers=1).verdicts]


def test_no_failed_run_has_no_shares():
    counted = by_eye([(False, 0.5, 0.0, 0.0)])
    assert (counted.failed, counted.high_loss) == (0, 0)
    assert counted.vanishing is counted.vanishing_at_more is counted.vanishing_at_less is None
    assert counted.standing_still is counted.standing_still_at_more is counted.standing_still_at_less is None
    assert counted.vanishing_by_layer == counted.median_gradient_by_layer == ()
    assert counted.to_dict()["vanishing"] is counted.to_dict()["standing_still"] is None


def test_as_json_has_it():
    data = by_eye(BY_EYE).to_dict()
    assert list(data) == [
        "failed",
        "high_loss",
        "vanishing",
        "vanishing_at_1e-3",
        "vanishing_at_1e-5",
        "standing_still",
        "standing_still_at_1e-3",
        "standing_still_at_1e-5",
        "vanishing_by_layer",
        "median_gradient_by_layer",
        "gradients",
        "otherwise",
    ]
    assert (data["gradients"], data["otherwise"]) == ("data", None)
    names = ("vanishing", "vanishing_at_1e-3", "vanishing_at_1e-5")
    assert [data[name]["k"] for name in names] == [3, 1, 2]
    names = ("standing_still", "standing_still_at_1e-3", "standing_still_at_1e-5")
    assert [data[name]["k"] for name in names] == [1, 5, 0]
    assert len(data["vanishing_by_layer"]) == 2


def test_solved_and_diverged_runs_did_not_fail():
    solved, lost = flags((4, True), (6, False)), flags((7, False), (3, True))
    runs = runs_of(TINY, solved, diverged=lost, gradient=0.0, last_gradient=1.0)
    assert failed(runs).tolist() == [False] * 4 + [True] * 3 + [False] * 3
    counted = causes_of(runs)
    assert counted.vanishing is not None
    assert (counted.vanishing.k, counted.vanishing.n) == (3, 3)
    assert int(vanishing(runs).sum()) == 3


@pytest.mark.parametrize(
    ("loss", "gradient", "k"),
    [(0.2, 0.0, 5), (0.12499, 0.0, 5), (0.101, 0.0, 5), (0.099, 0.0, 0), (0.2, 1e-3, 0)],
)
def test_a_low_loss_or_a_live_gradient_is_no_vanishing_gradient(loss: float, gradient: float, k: int):
    # With MSE the best constant is ½, its loss ¼, so a loss is high from 0.1 on; two points at ½
    # make 1/8, which rounding may leave a little below.
    for last, rule in ((1.0, vanishing), (0.0, standing_still)):
        runs = runs_of(TINY, flags((5, False)), loss=loss, gradient=gradient, last_gradient=last)
        counted = causes_of(runs)
        share = counted.vanishing if rule is vanishing else counted.standing_still
        assert share is not None
        assert share.k == int(rule(runs).sum()) == k


def test_run_by_run_and_counted_agree_at_the_threshold_in_float32():
    # float32(1e-4) is a little below or above 1e-4; both must judge it alike.
    for last in (1.0, 1e-4):
        runs = runs_of(TINY, flags((5, False)), gradient=1e-4, last_gradient=last)
        counted = causes_of(runs)
        assert counted.vanishing is not None
        assert counted.standing_still is not None
        assert counted.vanishing.k == int(vanishing(runs).sum())
        assert counted.standing_still.k == int(standing_still(runs).sum())


def test_the_best_constant_by_brute_force():
    targets = np.array([[0.0], [1.0], [1.0], [5.0]])
    tries = np.linspace(0, 5, 2001)
    assert best_constant_loss(L1(), targets) == pytest.approx(min(np.abs(targets - c).mean() for c in tries))
    assert best_constant_loss(MSE(), targets) == pytest.approx(
        min(((targets - c) ** 2).mean() for c in tries), abs=1e-5
    )


@pytest.mark.parametrize(
    "loss",
    [
        *(L1(), MSE(), BCEWithLogits(), Hinge(), LogCosh(), Huber(delta=0.3), SmoothL1(beta=0.2)),
        *(BCE(), CrossEntropy(label_smoothing=0.2), CrossEntropy()),
    ],
)
def test_no_other_constant_outputs_have_a_lower_loss(loss: Loss):
    targets = np.eye(3)[[0, 0, 0, 0, 1, 1, 2]]
    value, settings = LOSSES[name_of(loss)].value, msgspec.structs.asdict(loss)
    best = best_constant_loss(loss, targets)
    random = np.random.default_rng(3)
    for _ in range(3000):
        drawn = random.uniform(0, 1, 3) if isinstance(loss, BCE) else random.normal(0, 2, 3)
        other = value(np.broadcast_to(drawn, targets.shape), targets, **settings)
        assert other >= best - 1e-9
    assert 0 < best < 1.2


def test_nll_of_constant_outputs_is_that_of_the_shares_of_the_classes():
    targets = np.eye(3)[[0, 0, 0, 0, 1, 1, 2]]
    shares = np.array([4, 2, 1]) / 7
    assert best_constant_loss(NLL(), targets) == pytest.approx(-(shares * np.log(shares)).sum())
    assert best_constant_loss(NLL(), np.eye(2)[[0, 0]]) == pytest.approx(0, abs=1e-9)


def test_a_cell_counts_right_apart_from_solved():
    # Rounding right is less than solving: 4 are solved, 6 round right.
    runs = runs_of(TINY, flags((4, True), (6, False)), right=flags((6, True), (4, False)))
    cell = summarise(Study(baseline=TINY).cells()[0], runs)
    assert (cell.solved.k, cell.right and cell.right.k, cell.diverged.k, cell.solved.n) == (4, 6, 0, 10)


def test_diverged_runs_leave_the_quantiles_of_the_others():
    runs = runs_of(TINY, flags((3, True), (7, False)), diverged=flags((6, False), (4, True)), loss=0.5)
    data = summarise(Study(baseline=TINY).cells()[0], runs).to_dict()
    assert data["diverged"]["k"] == 4
    # Three solved runs at 0, three failed ones at ½.
    assert data["final_loss"] == {"q05": 0.0, "q25": 0.0, "median": 0.25, "q75": 0.5, "q95": 0.5}
    assert data["loss_curve"]["median"] == [0.25, 0.25, 0.25]
    assert data["first_solved_epoch_median"] == 10.0
    # Solved runs that were never looked at on their way have no such epoch.
    unseen = replace(runs, solved_epoch=np.full(10, -1))
    assert summarise(Study(baseline=TINY).cells()[0], unseen).to_dict()["first_solved_epoch_median"] is None
    assert data["failures"]["failed"] == 3


ONE_POINT = Experiment.from_dict({**TINY.to_dict(), "sampling": "single"})


def read_of(experiment: Experiment, gradients: Gradients) -> Experiment:
    record = msgspec.structs.replace(experiment.record, gradients=gradients)
    return msgspec.structs.replace(experiment, record=record)


def test_the_rule_is_asked_of_a_step_and_of_all_examples():
    # Over all examples every layer is without a gradient; a step has one in the last layer.
    expected: dict[Gradients, list[tuple[int, int]]] = {"step": [(5, 0), (0, 5)], "data": [(0, 5), (5, 0)]}
    for gradients, counts in expected.items():
        asked = read_of(ONE_POINT, gradients)
        runs = runs_of(asked, flags((5, False)), gradient=0.0, step_gradient=(1e-6, 0.5))
        counted = causes_of(runs)
        other = counted.otherwise
        assert other is not None
        found = [(each.vanishing, each.standing_still) for each in (counted, other)]
        assert [(lost and lost.k, still and still.k) for lost, still in found] == counts
        assert {counted.gradients, other.gradients} == {"step", "data"}
        assert counted.gradients == gradients
        assert other.otherwise is None
        assert (vanishing(runs).sum(), standing_still(runs).sum()) == counts[0]
        data = counted.to_dict()
        assert data["gradients"] == gradients
        assert data["otherwise"]["vanishing"]["k"] == counts[1][0]
        assert data["otherwise"]["median_gradient_by_layer"] == list(other.median_gradient_by_layer)


def test_where_steps_see_all_examples_there_is_one_way_to_read_them():
    assert causes_of(runs_of(TINY, flags((5, False)), gradient=0.0)).otherwise is None


def test_what_was_not_kept_is_not_counted_as_a_gradient():
    runs = runs_of(ONE_POINT, flags((5, False)), gradient=0.0, step_gradient=(NAN, NAN))
    assert causes_of(runs).otherwise is None
    # A run whose gradients are no numbers by either is another matter.
    overflown = replace(runs, gradient=runs.step_gradient)
    assert causes_of(overflown).otherwise is not None
