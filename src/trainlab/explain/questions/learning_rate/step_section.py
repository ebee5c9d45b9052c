"""The section on one step of one weight."""

from __future__ import annotations

from trainlab.draw import Cell, format_number
from trainlab.explain.explanation import Section, Table
from trainlab.explain.questions.learning_rate.step_rule import OneStep, step_words
from trainlab.spec import Experiment


def step_section(step: OneStep, experiment: Experiment) -> Section:
    """Return the section on the step rule."""
    rows: list[list[Cell]] = [
        [
            f"{trial.rate:.3g}{' (its own)' if trial.rate == step.rate else ''}",
            format_number(trial.loss, digits=5),
            format_number(trial.foretold, digits=5),
            "falls" if trial.loss < step.loss else "rises" if trial.loss > step.loss else "stays",
        ]
        for trial in step.trials
    ]
    return Section(
        name="step",
        heading="One step: w_new = w − lr × gradient",
        text=(
            *step_words(step, experiment),
            "All weights move at once. A small step lowers the loss by about lr × ‖gradient‖², as the slope "
            "foretells; a large one leaves the place where that slope holds.",
        ),
        tables=(
            Table(
                title=f"The loss after one such step of all weights; before it, {step.loss:.5g}",
                headers=("Learning rate", "Loss after the step", "Foretold by the slope", "The loss"),
                rows=rows,
            ),
        ),
    )
