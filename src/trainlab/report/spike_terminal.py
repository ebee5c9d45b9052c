"""How a run unlearned, in the terminal: what happened in plain words, the steps around it, two pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainlab.diagnosis.text_picture import Picture, in_text
from trainlab.draw import TERMINAL, terminal_table, wrapped
from trainlab.report.text_lines import labelled
from trainlab.studies.spike_anatomy import Integers, Numbers, Spike
from trainlab.studies.spike_result import AROUND, BRIEF, SpikeResult, around, headers, rows
from trainlab.studies.spike_words import entry_of

if TYPE_CHECKING:
    from rich.console import Console

MORE = "More: --details (more steps), --html FILE (pictures), --json FILE, --seed N (another run)"
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


def print_spike(result: SpikeResult, *, console: Console, details: bool = False) -> None:
    """Print how a run unlearned, with `details` at more steps, as wide as `console` is; or that none did."""
    from rich.text import Text

    width, spike = console.width, result.spike
    (_, answer), *others = result.told
    if spike is None:
        console.print(Text(f"{result.name}: {answer[0].lower()}{answer[1:]}"))
        return
    console.print(Text(f"{result.name}: how a run unlearns", style="bold"))
    for line in wrapped(answer, width):
        console.print(Text(line, style="bold"))
    for line in labelled([(WORDS[topic], words) for topic, words in others], width, most=1000):
        console.print(Text(line))
    table = rows(spike, *(AROUND if details else BRIEF))
    heads = headers(spike)
    title = f"{entry_of(spike)} and the loss, step by step"
    console.print(terminal_table(heads, table, title=title, align=("right",) * len(heads)))
    for picture in (_loss(spike), _loss_around(spike), _steps(spike)):
        for line in in_text(picture, width=width, label=""):
            console.print(Text(line))
    if not details:
        for line in wrapped(MORE, width):
            console.print(Text(line, style=TERMINAL["muted"]))


def _loss(spike: Spike) -> Picture:
    steps = np.arange(len(spike.loss))
    return _lines("Loss of all examples, from the first step to the last", "loss", steps, spike.loss)


def _loss_around(spike: Spike) -> Picture:
    steps = np.array(around(spike, *AROUND))
    title = f"The same, steps {steps[0]:,} to {steps[-1]:,}"
    return _lines(title, "loss", steps, spike.loss[steps])


def _steps(spike: Spike) -> Picture:
    steps = np.array(around(spike, *AROUND))
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
