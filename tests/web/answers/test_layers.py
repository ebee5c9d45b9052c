"""Verdicts on layers: the rule of causes on hundreds of seeds, and since when something is so."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from web.experiments import xor

from trainlab import Experiment
from trainlab.engine import select
from trainlab.engine.fast import FastEngine
from trainlab.engine.layout import layers_of
from trainlab.engine.run_steps import read_steps
from trainlab.studies.causes import THRESHOLD, causes_of
from trainlab.web.answers.layers import layer_verdicts
from trainlab.web.answers.one_run import ending_of, how_it_went, run_of, why_it_failed

DEEP: dict[str, Any] = xor(network="2-3-3-3-3-1", loss="l1", optimizer={"name": "sgd", "lr": 0.1}, epochs=300)
VANISHING: dict[str, Any] = xor(network="2-2-1", epochs=300, optimizer={"name": "adam", "lr": 0.1})
SEEDS = 300


@pytest.mark.parametrize("given", [DEEP, VANISHING])
def test_endings_are_those_that_causes_counts(given: dict[str, Any]):
    (runs,) = FastEngine().train(Experiment.from_dict(given), range(SEEDS))
    causes = causes_of(runs)
    alone = [select(runs, range(seed, seed + 1)) for seed in range(SEEDS)]
    counts = Counter(ending_of(run) for run in alone)
    assert causes.vanishing is not None
    assert causes.standing_still is not None
    assert counts["vanishing gradient"] == causes.vanishing.k
    assert counts["standing still"] == causes.standing_still.k
    assert counts["diverged"] == runs.diverged.sum()
    assert counts["solved"] == runs.solved.sum()
    assert counts["low loss"] == causes.failed - causes.high_loss
    assert len(counts) >= 3
    for run in alone:
        assert (why_it_failed(run) is None) == bool(run.solved[0])


@pytest.mark.trains
@pytest.mark.parametrize("given", [DEEP, VANISHING])
def test_layers_whose_gradient_vanished_are_those_that_causes_counts(given: dict[str, Any]):
    experiment, seeds = Experiment.from_dict(given), range(60)
    (runs,) = FastEngine().train(experiment, seeds)
    causes = causes_of(runs)
    verdicts = [layer_verdicts(experiment, seed) for seed in seeds]
    for index, rate in enumerate(causes.vanishing_by_layer):
        assert sum(found[index].vanished for found in verdicts) == rate.k
    for seed, found in zip(seeds, verdicts, strict=True):
        ending = ending_of(select(runs, range(seed, seed + 1)))
        kinds = {each.kind for each in found}
        assert ("still" in kinds) <= (ending == "standing still")
        if ending == "vanishing gradient":
            assert found[0].kind in ("vanished", "dead")
            assert not found[-1].vanished


def test_since_when_is_when_it_last_began():
    experiment = Experiment.from_dict(DEEP)
    seen = 0
    for seed in range(12):
        run = run_of(experiment, seed)
        epochs = range(experiment.epochs + 1)
        gradient = np.abs(read_steps(run, epochs).gradient)
        for verdict, columns in zip(layer_verdicts(experiment, seed), _weights(experiment), strict=True):
            if verdict.kind in ("vanished", "still"):
                small = gradient[:, columns].mean(axis=1) < THRESHOLD
                begun = int(np.flatnonzero(~small)[-1]) + 1 if not small.all() else 0
                assert verdict.since is not None
                # Between two epochs looked at it may have flickered.
                assert begun == verdict.since or small[verdict.since : begun : 2].any()
                seen += 1
                words = "from the start" if verdict.since == 0 else f"since epoch {verdict.since:,}"
                assert words in verdict.sentence
    assert seen


def test_a_dead_layer_is_told_apart():
    given = xor(network={"widths": [2, 3, 1], "activation": ["relu", "linear"]}, epochs=20)
    given["init"] = {"bias": {"name": "constant", "val": -5.0}}
    (first, last) = layer_verdicts(Experiment.from_dict(given), 0)
    assert (first.kind, first.since) == ("dead", 0)
    assert first.sentence == (
        "Layer 1: 100 % of its 3 units have slope 0 for every example from the start, so no gradient passes."
    )
    assert last.kind != "dead"


def test_frozen_layers_stay():
    given = xor(frozen=[1], epochs=5)
    assert layer_verdicts(Experiment.from_dict(given), 0)[0].sentence == (
        "Layer 1: frozen, so it stayed as it began."
    )


def test_how_it_went_in_words():
    experiment = Experiment.from_dict(xor())
    told = {seed: how_it_went(run_of(experiment, seed), 0.5) for seed in range(8)}
    for seed, words in told.items():
        solved = bool(run_of(experiment, seed).solved[0])
        assert ("isn't solved" in words) != solved


def _weights(experiment: Experiment) -> list[slice]:
    return [layer.weights for layer in layers_of(experiment.network)]
