"""What the pages on the five questions say in words is so, and counted as PyTorch counts it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from measure import blocks, chain_rule, explained, init, learning_rate, loss, neuron
from measure.blocks import ROOT
from measure.explained import FLAT, Activity, count_activity
from measure.loss import CLASSES, single_output, twice
from trainlab import Experiment
from trainlab.engine.layout import initial_parameters
from trainlab.engine.reference import build_module
from trainlab.explain.questions.chain_rule.options import DEFAULT
from trainlab.explain.questions.init.draws import FAN_IN, FAN_OUT
from trainlab.explain.questions.learning_rate.schedules import TEN
from trainlab.explain.questions.loss.outlier_runs import LAST_EPOCHS, NOISE, POINTS, SHARE, SHIFT

SHOWN = {
    each.__name__.removeprefix("measure."): each.PICTURED
    for each in (neuron, learning_rate, init, loss, chain_rule)
}


@pytest.fixture(scope="module")
def answers() -> explained.Explained:
    return explained.carry_out(store=None)


def words(page: str) -> str:
    """Return a page with its line breaks as spaces."""
    return " ".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").split())


def test_the_pictures_are_few_and_small_and_shown():
    shown: set[str] = set()
    for page, names in SHOWN.items():
        found = re.findall(r"!\[([^]]{40,})\]\(pictures/([^)]+)\)", words(page))
        assert {name for _, name in found} == {f"{page}-{name}.svg" for name in names}
        assert len(found) == 3
        shown |= {name for _, name in found}
    elsewhere = ("map-", "doctor-", "assignment-", "smallest", "trust-")
    pictures = (ROOT / blocks.PICTURES).glob("*.svg")
    there = {path.name for path in pictures if not path.name.startswith(elsewhere)}
    assert there == shown
    assert all((ROOT / blocks.PICTURES / name).stat().st_size < 60_000 for name in shown)


@pytest.mark.slow
def test_what_the_prose_counts(answers: explained.Explained):
    rate, initial, fields = answers.learning_rate, answers.init, explained.three_arms()
    lr, epochs = rate.experiment.optimizer.lr, rate.experiment.epochs
    found, peaks = initial.signals[0], spelt(len(explained.PEAKS))
    counted = {
        "learning_rate": (
            f"SGD with lr {lr:g}",
            f"{rate.rates[0].solved.n:,} seeds at each of {len(rate.rates)} rates, every fourth",
            f"over this network's {epochs} epochs",
            f"All {spelt(len(TEN))}, and one that warms up first",
            f"best of {peaks} constant rates competed with the best of {spelt(len(TEN))} schedules at "
            f"{peaks} peak rates each",
        ),
        "init": (
            f"{FAN_IN} inputs and {FAN_IN * FAN_OUT:,} weights, drawn with seed 0",
            f"{spelt(len(found.widths) - 1)} layers of {found.widths[1]} units",
            f"on {initial.symmetry[0].seeds} seeds, by hidden layer",
            f"changes A and B, {initial.claims[0].difference.value.n:,} seeds each",
            "networks with eight units per layer",
        ),
        "loss": (
            f"from the same {answers.loss.rates[0].solved.n:,} seeds",
            f"{fields.network.label} with Adam at {fields.optimizer.lr:g}, {fields.epochs} epochs, "
            f"{answers.classes[0].solved.n} seeds",
            f"{POINTS} points of a sine",
            f"last {LAST_EPOCHS} epochs",
        ),
        "chain_rule": (f"{DEFAULT.network.label} is the assignment's drawing", "more than 10¹⁶"),
    }
    for page, phrases in counted.items():
        for phrase in phrases:
            assert phrase in words(page), f"{page}: {phrase}"
    assert (SHARE, SHIFT, NOISE) == (0.2, 4.0, 0.1)  # "a fifth", "four standard deviations", "a little noise"
    assert 10**16 < 64**9
    assert fields.solved.accuracy == 0.95  # type: ignore[union-attr]  # "95 % of the points"
    assert explained.CONTEST_SEEDS // 2 == 300


@pytest.mark.slow
def test_what_the_prose_concludes(answers: explained.Explained):
    stacks = [each for each in answers.neuron.stacks if each.layers > 1]
    assert min(stacks, key=lambda each: each.active.k) is stacks[-1]
    own, suggested = (each.point for each in answers.learning_rate.suggestion[:2])
    assert suggested.rate < own.rate
    assert suggested.epochs > own.epochs
    above = answers.learning_rate.rates[answers.learning_rate.regimes.high + 1 :]
    assert any(each.solved.high < 0.01 and each.diverged.high < 0.05 for each in above)
    worst = answers.chain_rule.numbers["layers"]["population"]["after"]["worst"]
    assert max(worst) == worst[-1]
    assert all(answers.stacks[each, "xavier"].gradient_ratio < 0.1 for each in explained.STACKS)
    assert 0.8 < answers.stacks["linear", "xavier_uniform"].gradient_ratio < 1.25
    assert 0.8 < answers.stacks["relu", "he_normal"].gradient_ratio < 1.25
    equal = {(each.network, each.start): each.solved for each in answers.init.symmetry}
    assert equal["Model 2", "weights 0.5, own biases"].high > equal["Model 2", "as the experiment"].estimate
    assert equal["Model 2", "weights 1.5, own biases"].high < 0.1  # "hardly ever from 1.5"
    learnt = {
        (each.scheme, each.depth): each.solved for each in answers.init.learning if each.activation == "tanh"
    }
    assert all(learnt["default", depth].k >= learnt["he_normal", depth].k for depth in (1, 2, 4))
    assert learnt["default", 8].high < learnt["he_normal", 8].low
    assert all(answers.stacks["sigmoid", each].gradient_ratio < 1e-3 for each in ("xavier", "xavier_uniform"))
    assert answers.loss.outliers is not None
    ratio = {each.label: each.ratio.median for each in answers.loss.outliers.losses}
    assert ratio["huber, delta 0.1"] < 3 < ratio["huber, delta 1"]


@pytest.mark.slow
def test_what_the_prose_concludes_of_endings_and_of_units(answers: explained.Explained):
    small, large = ([each.found for each in half] for half in (answers.endings[:2], answers.endings[2:]))
    assert [each.regime for each in answers.endings] == ["too small", "works", "too large", "too large"]
    assert all(each.kind() == "still moving" for found in small for each in found.endings)
    slow = [escaped for found in small for escaped in found.escaped]
    assert sum(slow) > 0.95 * len(slow) > 100  # "with more epochs nearly every run is solved"
    assert not any(large[-1].escaped)  # "longer training doesn't help"
    ends = [each.kind() for found in large for each in found.endings]
    assert ends.count("minimum") == 0
    assert ends.count("still moving") > 0.8 * len(ends)  # "most of their runs are still on the move"
    units = {each.activation: each for each in answers.activity}
    assert units["relu"].off > units["relu"].pairs / 2  # "most neurons are off at most points"
    assert units["tanh"].off == units["sigmoid"].off == 0
    assert {each.seeds for each in answers.activity} == {explained.ACTIVE_SEEDS} == {200}
    assert explained.ENDINGS_SEEDS == 200
    assert units["tanh"].pairs == 9 * 4 * 200  # "all nine hidden neurons at all four points"


@pytest.mark.slow
def test_other_runs_would_change_a_page(answers: explained.Explained):
    first, second, *others = answers.neuron.stacks
    solved = replace(first, linear=second.active)
    changed = replace(answers, neuron=replace(answers.neuron, stacks=(solved, second, *others)))
    text = blocks.pages()[Path("docs/neuron.md")]
    assert blocks.render(text, {"neuron": changed}) != text


def spelt(count: int) -> str:
    """Return one of the numbers that the pages write as words."""
    return {6: "six", 10: "ten"}[count]


# What the pages count beside the explanations, against PyTorch: dead and flat units, losses of odd pairs.


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_units_off_and_flat_are_those_of_torch(activation: str) -> None:
    made = Experiment.from_dict(
        {
            "network": {"widths": "2-5-4-1", "activation": activation, "output_activation": "linear"},
            "init": {"weight": {"name": "normal", "std": 3.0}},
        }
    )
    off = flat = 0
    inputs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    for seed in range(3):
        module, values = build_module(torch, made, seed, "float64"), inputs
        for linear, curve in zip(module[:-1:2], module[1:-1:2], strict=False):
            if linear is module[-2]:
                break
            sums = linear(values).detach().requires_grad_()
            values = curve(sums)
            (slopes,) = torch.autograd.grad(values.sum(), sums)
            off += int((values == 0).sum())
            flat += int(((values != 0) & (slopes.abs() < FLAT)).sum())
    wanted = Activity(activation=activation, seeds=3, pairs=3 * 9 * 4, off=off, flat=flat)
    found = count_activity(made, initial_parameters(made, range(3)))
    assert found == wanted
    assert found.off or found.flat


def test_one_sigmoid_output_gives_cross_entropy_nothing_to_learn() -> None:
    assert single_output(draws=50) == (0.0, 0.0)


def test_with_two_outputs_it_has_something() -> None:
    """The same loss, of the same targets as classes: what was 0 above is so for want of a second output."""
    sums = torch.randn((4, 2), generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = nn.CrossEntropyLoss()(sums, torch.tensor([0, 1, 1, 0]))
    (gradient,) = torch.autograd.grad(loss, sums)
    assert loss.item() > 0.1
    assert gradient.abs().max() > 0.01


@pytest.mark.parametrize("classes", CLASSES)
def test_a_softmax_twice_is_that_of_torch(classes: int) -> None:
    """As sure as can be: the sum of the right class is far above all others."""
    sums = torch.zeros((1, classes), dtype=torch.float64)
    sums[0, 0] = 1000.0
    probabilities = torch.softmax(sums, dim=1)
    most, least = twice(classes)
    assert torch.softmax(probabilities, dim=1)[0, 0].item() == pytest.approx(most, rel=1e-12)
    doubled = nn.CrossEntropyLoss()(probabilities, torch.tensor([0])).item()
    assert doubled == pytest.approx(least, rel=1e-12)
    assert nn.CrossEntropyLoss()(sums, torch.tensor([0])).item() == 0.0
    assert np.isclose(-np.log(most), least)
