"""The five questions, asked of an experiment, and but for the learning rate of a torch module."""

from __future__ import annotations

from collections.abc import Callable

import torch
from golden.case import Case
from golden.views import Views
from torch import nn

from trainlab import Experiment, explain
from trainlab.explain import Explanation
from trainlab.report import explanation_html

SEEDS = 8
X = [[0.5, 1.0], [1.0, -1.0], [-0.25, 0.75], [0.0, -0.5]]
Y = [[1.0], [0.0], [1.0], [0.0]]


def short() -> Experiment:
    """Return a small network whose training is short, on a task where the best affine map is unique."""
    return Experiment.from_dict(
        {
            "network": {"widths": "1-4-3-1", "activation": "tanh", "output_activation": "linear"},
            "task": {"name": "curve", "points": 7, "noise": 0.0},
            "loss": "mse",
            "optimizer": {"name": "adam", "lr": 0.03},
            "epochs": 60,
            "solved": {"within": 0.3},
        }
    )


def module() -> nn.Sequential:
    """Return a network whose weights are the same with every version and processor."""
    made = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        for number, weight in enumerate(made.parameters(), start=1):
            count = weight.numel()
            weight.copy_(torch.linspace(-0.7, 1.1, count).sin().view(weight.shape) / number**0.5)
    return made


def neuron_of_an_experiment() -> Explanation:
    return explain.neuron(short(), seeds=SEEDS, workers=1)


def neuron_of_a_module() -> Explanation:
    return explain.neuron(module(), inputs=X)


def learning_rate_of_an_experiment() -> Explanation:
    return explain.learning_rate(
        short(), rates="1e-3..1:4", schedules=["cosine_annealing"], seeds=SEEDS, workers=1
    )


def init_of_an_experiment() -> Explanation:
    schemes = ["he_normal", "normal(std=0.5)"]
    return explain.init(short(), schemes=schemes, depth=3, width=8, seeds=SEEDS, workers=1)


def init_of_a_module() -> Explanation:
    return explain.init(module(), inputs=X, targets=Y, schemes=["he_normal"], depth=3, width=8)


def loss_of_an_experiment() -> Explanation:
    return explain.loss(short(), loss=["mse", "l1"], seeds=SEEDS, workers=1)


def loss_of_a_module() -> Explanation:
    return explain.loss(module(), inputs=X, targets=Y, loss="bce_with_logits")


def chain_rule_of_an_experiment() -> Explanation:
    return explain.chain_rule(short(), seeds=SEEDS, workers=1)


def chain_rule_of_a_module() -> Explanation:
    return explain.chain_rule(module(), inputs=X, targets=Y, loss="mse", weight="0.weight[2,1]")


def _case(ask: Callable[[], Explanation]) -> Case:
    def make() -> Views:
        found = ask()
        printed = [str(found), *(str(part) for part in found.sections)]
        return Views(data=found.to_dict(), terminal="\n\n".join(printed), page=explanation_html(found))

    return Case(make=make)


CASES = {
    f"explain_{ask.__name__}": _case(ask)
    for ask in (
        neuron_of_an_experiment,
        neuron_of_a_module,
        learning_rate_of_an_experiment,
        init_of_an_experiment,
        init_of_a_module,
        loss_of_an_experiment,
        loss_of_a_module,
        chain_rule_of_an_experiment,
        chain_rule_of_a_module,
    )
}
