"""Results of which copies are kept: explanations, studies and others of populations, diagnoses."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import torch
from diagnosis.trainings_with_faults import alike_everywhere, report_on, training_with
from golden.copies import Case, Sections
from golden.views import Views
from report.study.small_study import small
from rich.console import Console
from studies.races.racing import study as raced
from studies.spikes.spiking import SPIKING
from torch import nn

import trainlab
from trainlab import Experiment, explain, report
from trainlab.diagnosis.report.show import report_text
from trainlab.explain import Explanation
from trainlab.report import diagnosis_html, explanation_html, seeds_html
from trainlab.spec import study_from_toml

# The five questions, asked of an experiment, and two of them of a torch module.

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


def chain_rule_of_an_experiment() -> Explanation:
    return explain.chain_rule(short(), seeds=SEEDS, workers=1)


def chain_rule_of_a_module() -> Explanation:
    return explain.chain_rule(module(), inputs=X, targets=Y, loss="mse", weight="0.weight[2,1]")


@cache
def explained(ask: Callable[[], Explanation]) -> Explanation:
    """Return an explanation, asked for once."""
    return ask()


def _explanation(ask: Callable[[], Explanation]) -> Sections:
    """Return the views of an explanation.

    Terminal, notebook and the sections of the JSON are made of all five in the same way: one has them.
    """
    found = explained(ask)
    if ask is neuron_of_an_experiment:
        printed = "\n\n".join([str(found), *(str(part) for part in found.sections)])
        data, notebook = found.to_dict(), found._repr_html_()
    else:
        data = {key: value for key, value in found.to_dict().items() if key != "sections"}
        printed = notebook = ""
    return Views(data=data, terminal=printed, page=explanation_html(found), notebook=notebook).sections()


# Studies judged by what is solved and by a score, and what else is asked of populations.

SCORED = """
title = "Two circles"
question = "Does a wider layer tell the circles apart?"
[baseline]
task = { name = "circles", points = 60 }
split = { held_out = 0.4 }
loss = "bce_with_logits"
epochs = 40
optimizer = { name = "adam", lr = 0.05 }
[networks]
wide = "2-6-1"
narrow = "2-2-1"
[changes.A]
label = "ReLU"
set.network.activation = "relu"
"""


def _studied(result: Any, show: Callable[..., None], page: Callable[[Any], str] | None = None) -> Sections:
    """Return a result as the command shows it, in short and with details, as JSON, and as its page.

    The machine and its times are made up: how long a time is decides where a line is wrapped.
    """
    versions = dict.fromkeys(result.how.versions, "1.0")
    made_up = {"machine": "a machine", "workers": 1, "seconds": 1.0, "trained_seconds": 1.0}
    result = replace(result, how=replace(result.how, versions=versions, **made_up))
    out = io.StringIO()
    console = Console(file=out, width=80, color_system=None)
    show(result, console=console)
    out.write("\n$ --details\n")
    show(result, console=console, details=True)
    return Views(
        data=result.to_dict(),
        terminal=out.getvalue(),
        page=page(result) if page else "",
        notebook=result._repr_html_() if hasattr(result, "_repr_html_") else "",
    ).sections()


def study() -> Sections:
    found = trainlab.study(small(), seeds=12, workers=1)
    return _studied(found, report.print_study, report.study_html)


def study_with_scores() -> Sections:
    found = trainlab.study(study_from_toml(SCORED), seeds=6, workers=1)
    return _studied(found, report.print_study, report.study_html)


def race() -> Sections:
    networks = trainlab.budget(13, inputs=2, outputs=1, min_width=2)
    found = trainlab.race(raced(), networks=networks, seeds=8, max_seeds=32, workers=1)
    return _studied(found, report.print_race, report.race_html)


def smallest_budget() -> Sections:
    budgets = [trainlab.budget(n, inputs=2, outputs=1, max_depth=1, min_width=2) for n in (9, 13)]
    found = trainlab.smallest_budget(raced(), budgets=budgets, seeds=8, max_seeds=32, workers=1)
    return _studied(found, report.print_smallest, report.smallest_html)


def map_plane() -> Sections:
    axes = {"x": "lr=1e-3..1", "y": "init.std=0.1..10"}
    found = trainlab.map_plane(raced(), cell="M:none", size=(5, 4), seeds=6, workers=1, **axes)
    return _studied(found, report.print_map, report.map_html)


def endings() -> Sections:
    found = trainlab.endings(raced(), cell="N:none", seeds=6, workers=1)
    return _studied(found, report.print_endings)


def spike() -> Sections:
    found = trainlab.spike(SPIKING, seeds=6, workers=1)
    return _studied(found, report.print_spike, report.spike_html)


# Diagnoses: of a fault that is another's reason, of one whose remedies were tried, and of other seeds.


def _diagnosed(data: dict[str, Any]) -> Sections:
    """Return a diagnosis as JSON, as the command shows it, in short and with details, and as its page."""
    terminal = f"{report_text(data)}\n$ trainlab doctor --details\n{report_text(data, details=True)}"
    return Views(data=data, terminal=terminal, page=diagnosis_html(data)).sections()


def finding() -> Sections:
    """A fault that explains two others: of all findings the frame, whose words are in `findings.txt`."""
    return _diagnosed(json.loads(report_on("wrong_loss").to_json()))


def doctor() -> Sections:
    """Diagnose a training whose ReLUs are dead, and try what is advised."""
    torch.manual_seed(0)
    training = training_with("dead_relu")
    with alike_everywhere("dead_relu"):
        report = trainlab.doctor(lambda: training.train(True), try_=True, seeds=3, budget=600)
    # How long a time is decides where a line is wrapped.
    return _diagnosed(json.loads(re.sub(r"( runs in )[\d.,]+ \w+\)", r"\g<1>1 s)", report.to_json())))


def seeds() -> Sections:
    """Train a small network from other seeds, of which some reach a small loss."""

    def train() -> None:
        torch.manual_seed(0)
        x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
        model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        for _ in range(60):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
        print(f"mse: {loss.item()}")

    torch.manual_seed(0)
    found = trainlab.seeds(train, n=6, metric="mse", at_most=0.05)
    return Views(
        data=found.to_dict(), terminal=str(found), page=seeds_html(found), notebook=found._repr_html_()
    ).sections()


QUESTIONS = (
    neuron_of_an_experiment,
    learning_rate_of_an_experiment,
    init_of_an_experiment,
    init_of_a_module,
    loss_of_an_experiment,
    chain_rule_of_an_experiment,
    chain_rule_of_a_module,
)
RESULTS = (
    study,
    study_with_scores,
    race,
    smallest_budget,
    map_plane,
    endings,
    spike,
    finding,
    doctor,
    seeds,
)
BESIDE = {"study_with_scores": "study.txt"} | {
    f"explain_{question}_of_a_module": f"explain_{question}_of_an_experiment.txt"
    for question in ("init", "chain_rule")
}
"""What is shown as another result is."""

CASES = {
    name: Case(make=make, file=f"{name}.txt", beside=BESIDE.get(name, ""))
    for name, make in (
        *((f"explain_{ask.__name__}", partial(_explanation, ask)) for ask in QUESTIONS),
        *((ask.__name__, ask) for ask in RESULTS),
    )
}
