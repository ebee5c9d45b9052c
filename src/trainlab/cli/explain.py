"""``trainlab explain NAME``: the five questions, each a command."""

from __future__ import annotations

from cyclopts import App

explain_app = App(
    name="explain",
    help="Answer one of five questions with the numbers of your own network, checked and tested.",
    help_format="plaintext",
)

for _name, _summary in (
    ("neuron", "What is a neuron? One taken apart; and what a stack of them is without activations."),
    ("learning-rate", "What is the learning rate for? Rates, stability, schedules, on a population."),
    ("init", "How are weights initialised? Schemes, signals through depth, symmetry, what they do."),
    ("loss", "What is a loss? Which fits the output and the task, its gradient, outliers."),
    ("chain-rule", "What is the chain rule? Every path from a weight to the loss, multiplied out."),
):
    _module = _name.replace("-", "_")
    explain_app.command(f"trainlab.cli.explain_{_module}:{_module}_command", name=_name, help=_summary)
