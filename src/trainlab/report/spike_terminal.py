"""How a run unlearned, in the terminal: what happened in plain words, the steps around it, two pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainlab.draw import wrapped
from trainlab.page.text_picture import Picture, in_text
from trainlab.report.terminal_lines import LINES, labelled, print_lines
from trainlab.studies.spikes.spike_anatomy import Integers, Numbers, Spike
from trainlab.studies.spikes.spike_result import SpikeResult
from trainlab.studies.spikes.spike_steps import AROUND, places_around, steps_around, steps_table
from trainlab.studies.spikes.spike_words import entry_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MORE = "More: --details, --html FILE (pictures), --json FILE, --seed N (another run)"
WORDS = {
    "which": "Runs",
    "loss": "Loss",
    "seen": "Seen",
    "moved": "Moved",
    "state": "Step",
    "why": "Why",
    "amsgrad": "The cause?",
    "replay": "Known from",
}


BRIEFLY = ("which", "loss", "moved", "why", "amsgrad")
"""Of these the answer tells the first sentence; with details all is told."""
STEPS = (2, 1)
"""Steps before and after the spike in the answer's table."""


def print_spike(result: SpikeResult, *, console: Console, details: bool = False) -> None:
    """Print how a run unlearned, or that none did; with `details` everything."""

    width, spike = console.width, result.spike
    (_, answer), *others = result.told
    if spike is None:
        print_lines([f"{result.name}: {answer[0].lower()}{answer[1:]}"], console=console)
        return
    said = wrapped(answer, width)
    pairs = [
        (WORDS[topic], words if details else f"{words.partition('. ')[0].removesuffix('.')}.")
        for topic, words in others
        if details or topic in BRIEFLY
    ]
    pictures = (_loss(spike), _loss_around(spike), _steps(spike)) if details else (_loss(spike),)
    drawn = [line for picture in pictures for line in in_text(picture, width=width, label="")]
    table = _table(spike, *(AROUND if details else STEPS))
    more = [] if details else wrapped(MORE, width)
    others_take = 1 + len(said) + len(console.render_lines(table)) + len(drawn) + len(more)
    print_lines([f"{result.name}: how a run unlearns"], console=console, style="bold")
    print_lines(said, console=console, style="bold")
    print_lines(labelled(pairs, width, most=1000 if details else LINES - others_take), console=console)
    console.print(table)
    print_lines(drawn, console=console)
    print_lines(more, console=console, style="muted")


def _table(spike: Spike, before: int, after: int) -> Table:
    title = f"{entry_of(spike)} and the loss, step by step"
    return steps_table(spike).terminal(steps_around(spike, before, after), title=title)


def _loss(spike: Spike) -> Picture:
    steps = np.arange(len(spike.loss))
    return _lines("Loss of all examples, from the first step to the last", "loss", steps, spike.loss)


def _loss_around(spike: Spike) -> Picture:
    steps = np.array(places_around(spike, *AROUND))
    title = f"The same, steps {steps[0]:,} to {steps[-1]:,}"
    return _lines(title, "loss", steps, spike.loss[steps])


def _steps(spike: Spike) -> Picture:
    steps = np.array(places_around(spike, *AROUND))
    sizes = np.abs(spike.change[steps - 1])
    return _lines(f"How far {entry_of(spike)} moved in these steps", "|step|", steps, sizes)


def _lines(title: str, label: str, x: Integers, y: Numbers) -> Picture:
    known = [float(value) if np.isfinite(value) else None for value in y]
    return {
        "kind": "lines",
        "title": title,
        "log_y": True,
        "lines": [{"label": label, "x": x.tolist(), "y": known}],
    }
