"""Studies judged by what is solved and by a score, and what else is asked of populations."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from golden.case import Case
from golden.views import Views
from report.study.small_study import small
from rich.console import Console
from studies.races.racing import study as raced
from studies.spikes.spiking import SPIKING

import trainlab
from trainlab import report
from trainlab.spec import study_from_toml

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


def views(result: Any, show: Callable[..., None], page: Callable[[Any], str] | None = None) -> Views:
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
    )


def study() -> Views:
    found = trainlab.study(small(), seeds=12, workers=1)
    return views(found, report.print_study, report.study_html)


def study_with_scores() -> Views:
    found = trainlab.study(study_from_toml(SCORED), seeds=6, workers=1)
    return views(found, report.print_study, report.study_html)


def race() -> Views:
    networks = trainlab.budget(13, inputs=2, outputs=1, min_width=2)
    found = trainlab.race(raced(), networks=networks, seeds=8, max_seeds=32, workers=1)
    return views(found, report.print_race, report.race_html)


def smallest_budget() -> Views:
    budgets = [trainlab.budget(n, inputs=2, outputs=1, max_depth=1, min_width=2) for n in (9, 13)]
    found = trainlab.smallest_budget(raced(), budgets=budgets, seeds=8, max_seeds=32, workers=1)
    return views(found, report.print_smallest, report.smallest_html)


def map_plane() -> Views:
    axes = {"x": "lr=1e-3..1", "y": "init.std=0.1..10"}
    found = trainlab.map_plane(raced(), cell="M:none", size=(5, 4), seeds=6, workers=1, **axes)
    return views(found, report.print_map, report.map_html)


def endings() -> Views:
    found = trainlab.endings(raced(), cell="N:none", seeds=6, workers=1)
    return views(found, report.print_endings)


def spike() -> Views:
    found = trainlab.spike(SPIKING, seeds=6, workers=1)
    return views(found, report.print_spike, report.spike_html)


CASES = {
    each.__name__: Case(make=each)
    for each in (study, study_with_scores, race, smallest_budget, map_plane, endings, spike)
}
