"""Equal neurons: counted, kept by training, and broken by random biases."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch

from trainlab.engine.reference import build_module
from trainlab.execution import train_all
from trainlab.explain.questions.init.answer import symmetry_words
from trainlab.explain.questions.init.options import named_experiment
from trainlab.explain.questions.init.symmetry import (
    Symmetry,
    distinct_rows,
    greatest_rank,
    matrix_rank,
    seeds_ranked,
    started,
    starts,
    symmetry,
)
from trainlab.explain.questions.init.symmetry_section import symmetry_section
from trainlab.explain.questions.init.zero_section import zero_gradients, zero_section
from trainlab.spec import Constant, Experiment, Init


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
        assert [(each.fewest, each.most, each.rank) for each in equal.layers] == [(1, 1, 1), (1, 1, 1)]
        assert (equal.seeds, equal.steps, equal.most, equal.neurons) == (6, 240, 2, 9)
        # From 1.5 sums lie where the activation is flat, and a layer hardly moves.
        ranks = (1,) if value == 0.5 else (0, 1)
        assert all(each.update_rank in ranks for each in equal.layers)


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
    assert [each.rank for each in found["as the experiment"].layers] == [2, 4]


def test_nothing_moves_from_zero_but_the_output_bias() -> None:
    found = measured(experiment())["all 0"]
    assert all(each.zero_gradients for each in found.layers)
    assert [(each.rank, each.update_rank, each.most) for each in found.layers] == [(0, 0, 1), (0, 0, 1)]


def test_without_biases_one_start_is_left_out() -> None:
    labels = [start.label for start in starts(experiment(network={"widths": [2, 3, 1], "bias": False}))]
    assert labels == ["all 0", "weights 0.5, biases 0", "weights 1.5, biases 0", "as the experiment"]


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("bias", [True, False])
def test_which_gradients_are_exactly_zero_is_what_autograd_says(activation: str, *, bias: bool) -> None:
    made = experiment(network={"widths": [2, 5, 4, 1], "activation": activation, "bias": bias})
    zero = msgspec.structs.replace(made, init=Init(weight=Constant(val=0.0), bias=Constant(val=0.0)))
    module, data = build_module(torch, zero, 0, "float64"), made.data()
    outputs = module(torch.from_numpy(data.inputs.copy()))
    torch.nn.MSELoss()(outputs, torch.from_numpy(data.targets.copy())).backward()
    wanted = [
        (not part.weight.grad.any(), None if part.bias is None else not part.bias.grad.any())
        for part in module
        if isinstance(part, torch.nn.Linear)
    ]
    assert dict(zero_gradients(made))[activation] == wanted


def test_what_is_said_of_zero() -> None:
    part = zero_section("Net", zero_gradients(experiment()))
    assert "tanh: only the bias of the output layer have a gradient" not in part.text
    assert any(
        words.startswith("tanh: only the bias of the output layer has a gradient") for words in part.text
    )
    none = zero_section("Net", zero_gradients(experiment(network={"widths": [2, 2, 1], "bias": False})))
    assert "tanh: every gradient is exactly 0, so that training never moves." in none.text
    assert ("tanh", "1 to 2", "exactly 0", "exactly 0") in part.tables[0].rows


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
    assert row[2:6] == ("1/2 in all 3", "1/2 in all 3", "1 in all 3", "1 in all 3")


@pytest.mark.parametrize("seed", range(6))
def test_a_rank_is_the_number_of_singular_values_that_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns, inner = (int(rng.integers(1, 12)) for _ in range(3))
    matrix = rng.normal(size=(rows, inner)) @ rng.normal(size=(inner, columns))
    wanted = min(rows, columns, inner)
    assert matrix_rank(matrix) == wanted
    assert matrix_rank(matrix + 1e-9 * rng.normal(size=matrix.shape)) == wanted
    assert matrix_rank(np.repeat(matrix, 3, axis=0)) == wanted
    assert matrix_rank(np.zeros((rows, columns))) == 0
    assert matrix_rank(np.full((rows, columns), 0.5)) == 1


def test_ranks_need_nothing_that_numpy_1_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = np.linalg.matrix_rank

    def of_numpy_1(A: object, tol: object = None, hermitian: bool = False) -> object:
        return ours(A, tol=tol, hermitian=hermitian)  # type: ignore[call-overload]

    monkeypatch.setattr(np.linalg, "matrix_rank", of_numpy_1)
    assert [layer.rank for layer in measured(experiment(), seeds=2)["as the experiment"].layers] == [2, 4]


def test_ranks_stop_at_the_greatest_that_can_be_and_have_a_limit_of_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    seen: list[int] = []
    svd = np.linalg.svd

    def counted(matrix: np.ndarray, **options: object) -> object:
        seen.append(len(matrix))
        return svd(matrix, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(np.linalg, "svd", counted)
    full, poor = rng.normal(size=(5, 4)), np.outer(np.arange(5.0), np.arange(4.0))
    assert greatest_rank([poor, full, full, full]) == 4
    assert greatest_rank([np.full((5, 4), 0.3)] * 9) == 1
    assert greatest_rank([]) == 0
    assert len(seen) == 2  # the poor one and the first full one; equal rows need none
    assert seeds_ranked((8, 8)) > 100_000
    assert seeds_ranked((500, 500)) == 1
    assert seeds_ranked((2000, 2000)) == 1
    monkeypatch.setattr("trainlab.explain.questions.init.symmetry.WORK", 4 * 5 * 4 * 2 * 2)
    found = measured(experiment(), seeds=6)
    assert [layer.ranked for layer in found["as the experiment"].layers] == [4, 1]
    said = " ".join(symmetry_section(list(found.values())).text)
    assert "Of large layers only the first seeds are ranked, at least 1." in said


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
    assert part.tables[0].rows[0][3:6] == ("all diverged", "–", "–")
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
