"""Places whose kind is known beforehand are told as that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainlab.engine.reference import ReferenceEngine
from trainlab.spec import Experiment, Network
from trainlab.studies.landscape import Ending, Thresholds, place_at, read_ending, settle, slope_over_reach
from trainlab.tasks import arrays


def experiment(widths: str, loss: str = "mse", *, epochs: int = 300, **network: Any) -> Experiment:
    given = {"activation": "tanh", "output_activation": "linear", **network, "widths": widths}
    return Experiment.from_dict(
        {"network": given, "loss": loss, "init": {"weight": "normal"}, "epochs": epochs}
    )


def read(made: Experiment, row: Any) -> Ending:
    found = read_ending(made, np.array(row, dtype=np.float64), seed=0)
    assert found is not None
    return found


def test_all_weights_zero_is_a_saddle_of_xor():
    made = experiment("2-2-1", output_bias=False)
    ending = read(made, np.zeros(8))
    assert (ending.kind(), ending.gradient_norm, ending.loss) == ("saddle", 0.0, 0.5)
    # All that bends is a unit's outgoing weight with its incoming ones, by −½ each, and with its bias, by −1.
    assert min(np.linalg.eigvalsh(place_at(made, np.zeros(8)).hessian)) == pytest.approx(-np.sqrt(1.5))
    assert 0.3 < ending.down <= 1.0


def test_a_half_for_every_point_is_the_minimum_of_a_single_layer():
    ending = read(experiment("2-1"), [0.0, 0.0, 0.5])
    assert (ending.kind(), ending.flat, ending.loss) == ("minimum", 0, 0.25)


def test_a_saturated_output_is_a_plateau():
    made = experiment("2-2-1", output_activation="tanh")
    ending = read(made, [3, -2, 1, 4, 20, 20, 30, 30, 20])
    assert ending.kind() == "plateau"
    assert ending.loss == pytest.approx(0.5)
    assert ending.flat == 9


def test_a_saturated_hidden_layer_is_a_plateau_though_the_output_curves():
    made = experiment("2-2-1")
    ending = read(made, [0, 0, 0, 0, 30, -30, 0.25, -0.25, 0.0])
    assert ending.loss == pytest.approx(0.25)
    assert ending.up > 1.0
    assert ending.by_layer[0] < 1e-9
    assert ending.kind() == "plateau"


def test_one_dead_unit_beside_a_live_one_makes_no_plateau():
    """A half for every point, by a unit that is 1 everywhere; the unit beside it never fires."""
    made = experiment("2-2-1", activation="relu", output_bias=False)
    ending = read(made, [0, 0, 0, 0, 1, -5, 0.5, 0.7])
    assert (ending.kind(), ending.loss) == ("minimum", 0.25)
    # Three weights into the dead unit and one out of it, and the scaling of the live one.
    assert ending.flat >= 5
    assert ending.by_layer[0] > 0.1


def test_after_five_epochs_it_is_still_moving():
    made = experiment("2-5-4-1", epochs=5)
    runs = ReferenceEngine().train(made, range(6))[0]
    rows = np.flatnonzero(~runs.solved)
    assert [read(made, runs.parameters[row]).kind() for row in rows] == ["still moving"] * len(rows)
    assert len(rows) > 3


def test_under_l1_the_median_is_a_kink(tmp_path: Path):
    """Of three targets at one input the best answer is their median, and there L1 has a kink."""
    made = Experiment(
        task=arrays(np.ones((3, 1)), np.array([[0.0], [0.3], [1.0]]), folder=tmp_path),
        network=Network(widths=(1, 1), bias=False, activation="linear"),
        loss="l1",
    )
    at, below, above = (read(made, [place]) for place in (0.3 + 1e-6, 0.1, 0.9))
    assert at.slope > 0.1
    assert at.across == pytest.approx(1e-6 / 3 / at.loss, rel=1e-4)
    assert [each.kind() for each in (at, below, above)] == ["kink", "still moving", "still moving"]


def test_the_hinge_has_kinks_too():
    # All four margins at 1 or −1: any move of the outputs helps two points and harms two.
    at = read(experiment("2-1", "hinge"), [0.0, 0.0, 1.0])
    assert at.loss == 1.0
    assert at.across == pytest.approx(0.0, abs=1e-9)


def test_jitter_beside_a_minimum_makes_no_saddle():
    """The Hessian beside it has a negative eigenvalue that the point itself doesn't have."""
    made = experiment("2-1-1")
    point = np.array([0.0, 0.0, 0.24, 1.63, 0.5 - 1.63 * np.tanh(0.24)])
    end = place_at(made, point + np.random.default_rng(6).normal(size=5) * 0.04)
    assert -np.linalg.eigvalsh(end.hessian)[0] / (2.0 * end.loss) > 0.01
    ending = read(made, end.parameters)
    assert (read(made, point).kind(), ending.kind()) == ("minimum", "minimum")
    assert ending.settled
    assert slope_over_reach(settle(made, end)) < 1e-4 < slope_over_reach(end)


def test_a_saddle_of_tiny_curvature_is_no_minimum():
    """A half for every point by hidden units that hardly do anything: flat, and yet there is a way down."""
    made = experiment("2-2-1")
    place = place_at(
        made, np.array([0.01, -0.02, 0.01, 0.02, 0.02, -0.02, 0.4, -0.5, 0.5 - 0.9 * np.tanh(0.02)])
    )
    point = settle(made, place)
    assert point.loss == pytest.approx(0.25, abs=1e-3)
    values = np.linalg.eigvalsh(point.hessian)
    assert 0.0 < -values[0] / (2.0 * point.loss) < 0.01
    assert read(made, point.parameters).kind() == "saddle"


def test_the_kind_follows_each_threshold():
    base = Ending(
        seed=0,
        loss=0.25,
        gradient_norm=0.1,
        slope=0.05,
        across=None,
        down=0.005,
        up=3.0,
        by_layer=(0.02, 3.0),
        flat=40,
        settled=True,
        distance=0.0,
    )
    assert base.kind() == "minimum"
    assert base.kind(Thresholds(slope=0.01)) == "still moving"
    assert base.kind(Thresholds(down=0.001)) == "saddle"
    assert base.kind(Thresholds(up=0.1)) == "plateau"


def test_what_is_not_finite_is_not_read():
    assert read_ending(experiment("2-1"), np.array([np.nan, 0.0, 0.0]), seed=0) is None
    assert read_ending(experiment("2-1"), np.array([1e200, 0.0, 0.0]), seed=0) is None


def test_a_loss_of_zero_is_a_minimum():
    made = experiment("2-2-1", activation="relu")
    ending = read(made, [1, 1, 1, 1, 0, -1, 1, -2, 0])
    assert (ending.loss, ending.gradient_norm, ending.kind()) == (0.0, 0.0, "minimum")
