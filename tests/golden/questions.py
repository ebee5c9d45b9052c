"""The five questions, each asked of an experiment and of a torch module."""

from __future__ import annotations

from golden.case import Case
from golden.views import Views

from trainlab import Experiment, explain
from trainlab.explain import Explanation
from trainlab.report import explanation_html

SEEDS = 8


def xor() -> Experiment:
    """Return a small network on XOR whose training is short."""
    return Experiment.from_dict(
        {
            "network": {"widths": "2-3-1", "activation": "tanh"},
            "task": "xor",
            "loss": "mse",
            "optimizer": {"name": "sgd", "lr": 0.1},
            "epochs": 60,
        }
    )


def views(found: Explanation) -> Views:
    """Return an explanation as its reader has it: the short answer, and all sections."""
    printed = [str(found), *(str(part) for part in found.sections)]
    return Views(data=found.to_dict(), terminal="\n\n".join(printed), page=explanation_html(found))


def neuron_of_an_experiment() -> Views:
    return views(explain.neuron(xor(), seeds=SEEDS, workers=1))


CASES = {"explain_neuron_experiment": Case(make=neuron_of_an_experiment)}
