"""The section on what PyTorch says, or that it isn't there to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainlab.explain.common.torch_installed import torch_or_none
from trainlab.explain.questions.learning_rate.named_schedules import NamedSchedule
from trainlab.explain.questions.learning_rate.network_sharpness import PlaceSharpness
from trainlab.explain.questions.learning_rate.step_section import OneStep
from trainlab.page.section import Section, Table
from trainlab.spec import Experiment

if TYPE_CHECKING:
    from trainlab.explain.questions.learning_rate.checks_autograd import Check


def checks_of(
    experiment: Experiment, step: OneStep, start: PlaceSharpness, schedules: Sequence[NamedSchedule]
) -> tuple[Check, ...] | None:
    """Return the checks against PyTorch; None if it isn't installed."""
    torch = torch_or_none()
    if torch is None:
        return None
    # Loaded only now: what it needs of the reference engine is of no use without torch.
    from trainlab.explain.questions.learning_rate.checks_autograd import checks

    return checks(torch, experiment, step, start, schedules)


def checks_section(found: Sequence[Check] | None) -> Section:
    """Return what PyTorch says of the same numbers, or that it isn't there to be asked."""
    heading = "Checked against PyTorch"
    if found is None:
        words = (
            "PyTorch is not installed here, so that nothing was checked against it. It comes with: "
            "pip install 'trainlab[torch]'"
        )
        return Section(name="checks", heading=heading, text=(words,))
    table = Table(
        title="The same numbers by PyTorch in float64",
        headers=("What", "By", "Relative difference"),
        rows=[[each.what, each.by, f"{each.difference:.1e}"] for each in found],
    )
    return Section(
        name="checks",
        heading=heading,
        text=("Each is computed a second time, by other code.",),
        tables=(table,),
    )
