"""Equal neurons: counted, kept by training, and broken by random biases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trainlab.execution import train_all
from trainlab.explain.questions.init.evidence import named_experiment
from trainlab.explain.questions.init.question import symmetry_words
from trainlab.explain.questions.init.symmetry import (
    Symmetry,
    distinct_rows,
    started,
    starts,
    symmetry,
    symmetry_section,
)
from trainlab.spec import Experiment


def experiment(**parts: object) -> Experiment:
    data = {"network": {"widths": [2, 5, 4, 1]}, "loss": "mse", "epochs": 60, "sampling": "single"}
    return Experiment.from_dict({**data, **parts})


def measured(
    made: Experiment, *, engine: str = "fast", seeds: int = 6, labels: tuple[str, ...] = ()
) -> dict[str, Symmetry]:
    chosen = [start for start in starts(made) if not labels or start.label in labels]
    runs = train_all([started(made, start) for start in chosen], range(seeds), engine=engine)
    return {start.label: symmetry("x", start.label, each) for start, each in zip(chosen, runs, strict=True)}


@pytest.mark.parametrize("optimizer", ["sgd", {"name": "adam", "lr": 0.02}])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_equal_neurons_stay_equal_to_the_bit(optimizer: object, activation: str) -> None:
    made = experiment(optimizer=optimizer, network={"widths": [2, 5, 4, 1], "activation": activation})
    found = measured(made)
    for value in (0.5, 1.5):
        equal = found[f"weights {value:g}, biases 0"]
        assert [(each.neurons, each.distinct_gradients) for each in equal.layers] == [(5, 1), (4, 1)]
        assert [(each.fewest, each.most) for each in equal.layers] == [(1, 1), (1, 1)]
        assert (equal.seeds, equal.steps, equal.most, equal.neurons) == (6, 240, 2, 9)


@pytest.mark.trains
def test_the_reference_engine_says_the_same() -> None:
    labels = ("weights 0.5, biases 0", "as the experiment")
    found = measured(experiment(epochs=3), engine="reference", seeds=1, labels=labels)
    assert [each.most for each in found["weights 0.5, biases 0"].layers] == [1, 1]
    assert [each.fewest for each in found["as the experiment"].layers] == [5, 4]


def test_random_biases_or_weights_break_it() -> None:
    found = measured(experiment())
    for start in ("weights 0.5, own biases", "weights 1.5, own biases", "as the experiment"):
        assert [(each.fewest, each.most) for each in found[start].layers] == [(5, 5), (4, 4)]
        assert [each.distinct_gradients for each in found[start].layers] == [5, 4]


def test_nothing_moves_from_zero_but_the_output_bias() -> None:
    found = measured(experiment())["all 0"]
    assert all(each.zero_gradients for each in found.layers)
    assert [each.most for each in found.layers] == [1, 1]


def test_without_biases_one_start_is_left_out() -> None:
    labels = [start.label for start in starts(experiment(network={"widths": [2, 3, 1], "bias": False}))]
    assert labels == ["all 0", "weights 0.5, biases 0", "weights 1.5, biases 0", "as the experiment"]


def test_rows_are_counted_to_the_bit() -> None:
    weight = np.array([[0.0, 1.0], [-0.0, 1.0], [1e-300, 1.0]])
    assert distinct_rows(weight, None) == 2
    assert distinct_rows(weight, np.array([0.0, 1.0, 0.0])) == 3


def test_runs_that_diverged_are_left_out() -> None:
    found = measured(experiment(optimizer={"name": "sgd", "lr": 1e30}, epochs=5, network="2-3-1"))
    assert found["as the experiment"].layers[0].most in (0, 1, 2, 3)


def test_the_section_says_layers_briefly() -> None:
    found = measured(experiment(network={"widths": [2, 2, 2, 2, 1]}, epochs=5), seeds=2)
    part = symmetry_section(list(found.values()))
    row = next(row for row in part.tables[0].rows if row[1] == "weights 0.5, biases 0")
    assert row[2:4] == ("1/2 in all 3", "1/2 in all 3")


def test_seeds_that_diverged_are_not_among_those_spoken_of() -> None:
    all_lost = measured(
        experiment(
            network={"widths": [2, 3, 1], "activation": "relu", "output_activation": "linear"},
            optimizer={"name": "sgd", "lr": 1e30},
            epochs=20,
        )
    )["weights 0.5, biases 0"]
    assert (all_lost.kept, all_lost.seeds) == (0, 6)
    about = replace(named_experiment("xor44", None), network="x")
    (words,) = symmetry_words(about, [all_lost])
    assert words.startswith("From equal weights and zero biases, all 6 runs of x diverged")
    (words,) = symmetry_words(about, [replace(all_lost, kept=4)])
    assert "in any of 4 seeds that didn't diverge (2 did): 0 of 3." in words
    part = symmetry_section([all_lost])
    assert part.tables[0].rows[0][3] == "all diverged"
    assert "Diverged, and so not counted: x from weights 0.5, biases 0, 6 of 6." in part.text


def test_training_that_stops_early_is_said() -> None:
    made = experiment(
        stopping={"name": "patience", "patience": 1, "min_delta": 10.0, "every": 1},
        epochs=30,
        network="2-3-1",
    )
    found = measured(made, seeds=2)
    assert all(each.stopped for each in found.values())
    said = " ".join(symmetry_section(list(found.values())).text)
    assert "after up to 120 steps (some runs stop early)" in said
    steady = measured(experiment(epochs=2, network="2-3-1"), seeds=2)
    assert not any(each.stopped for each in steady.values())
    assert "after 8 steps of" in " ".join(symmetry_section(list(steady.values())).text)
