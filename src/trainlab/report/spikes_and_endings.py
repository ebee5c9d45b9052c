"""How a run unlearned, in the terminal and as a page; and where failed runs end, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainlab.draw import Curve, Picture, curves, unbroken
from trainlab.draw.svg import Html
from trainlab.page.document import Front, fold, joined, page, paragraph, picture, side_by_side, terms
from trainlab.page.sketch import Numbers as TextPicture
from trainlab.page.sketch import in_text
from trainlab.report.common import LINES, Lines, Part, check_given, print_parts, said, set_off, time_words
from trainlab.spec import data_words
from trainlab.studies import EndingsResult
from trainlab.studies.endings_result import AT_OTHER_THRESHOLDS, ENDING_KINDS, format_percent_of, notes
from trainlab.studies.landscape import THRESHOLDS
from trainlab.studies.spike import SpikeResult
from trainlab.studies.spike_anatomy import (
    AROUND,
    Integers,
    Numbers,
    Spike,
    places_around,
    steps_around,
    steps_table,
)
from trainlab.studies.spike_words import entry_of

if TYPE_CHECKING:
    from rich.console import Console


# How a run unlearned, in the terminal: what happened in plain words, the steps around it, two pictures.


MORE_OF_SPIKES = "More: --details, --html FILE (pictures), --json FILE, --seed N (another run)"
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
    spike = result.spike
    (_, answer), *others = result.told
    if spike is None:
        print_parts([said(f"{result.name}: {answer[0].lower()}{answer[1:]}")], console=console)
        return
    pairs = [
        (WORDS[topic], words if details else f"{words.partition('. ')[0].removesuffix('.')}.")
        for topic, words in others
        if details or topic in BRIEFLY
    ]
    pictures = _text_pictures(spike)[: None if details else 1]
    parts: list[Part] = [
        said(f"{result.name}: how a run unlearns", answer, style="bold"),
        lambda left: set_off(pairs, most=left),
        steps_table(spike).terminal(
            steps_around(spike, *(AROUND if details else STEPS)),
            title=f"{entry_of(spike)} and the loss, step by step",
        ),
        Lines(lambda width: [line for each in pictures for line in in_text(each, width=width, label="")]),
        *([] if details else [said(MORE_OF_SPIKES, style="muted")]),
    ]
    print_parts(parts, console=console, most=1000 if details else LINES)


def _text_pictures(spike: Spike) -> list[TextPicture]:
    """Return the whole loss, then the loss and how far the weight moved around the spike."""
    steps = np.array(places_around(spike, *AROUND))
    moved = np.abs(spike.change[steps - 1])
    return [
        {
            "kind": "lines",
            "title": title,
            "log_y": True,
            "lines": [
                {"label": label, "x": x.tolist(), "y": [float(at) if np.isfinite(at) else None for at in y]}
            ],
        }
        for title, label, x, y in (
            (
                "Loss of all examples, from the first step to the last",
                "loss",
                np.arange(len(spike.loss)),
                spike.loss,
            ),
            (f"The same, steps {steps[0]:,} to {steps[-1]:,}", "loss", steps, spike.loss[steps]),
            (f"How far {entry_of(spike)} moved in these steps", "|step|", steps, moved),
        )
    ]


# How a run unlearned, as one self-contained HTML page: the answer, the loss, the weight, its steps.


METHOD = "replay"


def spike_html(result: SpikeResult) -> str:
    """Return how a run unlearned as one HTML file that needs no network, and reads whole without a script."""
    check_given(result, SpikeResult, made_by="trainlab.spike")
    title, spike = f"{result.name}: how a run unlearns", result.spike
    (_, answer), *others = result.told
    say = paragraph(unbroken(answer), kind="question")
    if spike is None:
        return page(title, Front(say=say), [])
    told = [(WORDS[topic], unbroken(words)) for topic, words in others if topic != METHOD]
    how = [(WORDS[topic], words) for topic, words in others if topic == METHOD]
    how += [("Engine", result.how.engine), ("Time", time_words(result.how))]
    return page(
        title,
        Front(say=say, show=picture(_loss(spike)), more=terms(told)),
        [
            ("weight", f"{entry_of(spike)}: {entry_of(spike).words}", _weight(spike)),
            ("steps", "The steps around it", _around(spike)),
            ("changes", "What the cell changes", terms(list(result.made))),
            ("method", "How it is known", terms(how)),
        ],
    )


def _weight(spike: Spike) -> Html:
    drawn = [_scale(spike, spike.scale)] if spike.scale is not None else []
    return side_by_side([picture(each) for each in [*drawn, _steps(spike)]])


def _around(spike: Spike) -> Html:
    steps = np.array(places_around(spike, *AROUND))
    drawn = _marked(
        {"loss": spike.loss[steps]},
        steps.astype(np.float64),
        at=spike.step,
        x_label="Step",
        y_label="Loss of all examples",
        title="The loss after each step around the spike",
    )
    table = steps_table(spike).html(steps_around(spike, *AROUND))
    note = paragraph("The arrow is at the step that unlearned it.", kind="muted")
    return joined(picture(drawn), fold(f"{len(steps):,} steps as a table", joined(table, note), printed=True))


def _loss(spike: Spike) -> Picture:
    """Draw the loss at the end of every epoch; single steps would be too many to read."""
    places = _epoch_ends(spike)
    title = "The loss, and where the run lost it"
    return _by_epoch(spike, {"loss": spike.loss[places]}, y_label="Loss of all examples", title=title)


def _scale(spike: Spike, scale: Numbers) -> Picture:
    root = scale[_epoch_ends(spike)[1:] - 1]
    eps = {"eps": np.full(len(root), spike.eps)} if spike.eps else {}
    title = f"What the steps of {entry_of(spike)} are divided by"
    return _by_epoch(spike, {"√v": root, **eps}, y_label="√v and eps", title=title)


def _steps(spike: Spike) -> Picture:
    """Draw the longest step of each epoch beside the learning rate."""
    places = _epoch_ends(spike)
    sizes = np.maximum.reduceat(np.abs(spike.change), places[:-1])
    each = "longest step of an epoch" if spike.experiment.steps_per_epoch > 1 else "step"
    title = f"How far {entry_of(spike)} moved: the {each}"
    return _by_epoch(
        spike, {"|step|": sizes, "lr": spike.rate[places[1:] - 1]}, y_label="|step| and lr", title=title
    )


def _epoch_ends(spike: Spike) -> Integers:
    """Return how many steps had been taken by the end of each epoch, from epoch 0."""
    return np.arange(0, len(spike.change) + 1, spike.experiment.steps_per_epoch)


def _by_epoch(spike: Spike, heights: dict[str, Numbers], *, y_label: str, title: str) -> Picture:
    """Draw what was read at the end of every epoch, from epoch 0 or 1, and the spike at its epoch."""
    each = spike.experiment.steps_per_epoch
    last = len(spike.change) // each
    x = np.arange(last + 1 - len(next(iter(heights.values()))), last + 1).astype(np.float64)
    x_label = "Epoch" if each > 1 else "Step"
    return _marked(heights, x, at=spike.step / each, x_label=x_label, y_label=y_label, title=title)


def _marked(
    heights: dict[str, Numbers], x: Numbers, *, at: float, x_label: str, y_label: str, title: str
) -> Picture:
    """Draw curves, and where the spike is an upright line as high as the first of them."""
    first = next(iter(heights.values()))
    above = first[np.isfinite(first) & (first > 0)]
    ends = [float(above.min()), float(above.max())] if len(above) else [np.nan, np.nan]
    drawn = [Curve(label=label, x=x, median=y) for label, y in heights.items()]
    return curves(
        [*drawn, Curve(label="the spike", x=[at, at], median=ends)],
        x_label=x_label,
        y_label=y_label,
        title=title,
        log_y=True,
        middle="value",
    )


# Where failed runs end, in the terminal: the answer with its table, or all details with every threshold.


MORE_OF_ENDINGS = "More: --details (what each word means here, other thresholds), --json FILE (every run)"
MEANINGS = (
    (
        "still moving",
        f"the slope leads down by more than {format_percent_of(THRESHOLDS.slope)} of the loss; "
        "the run moves on or bounces",
    ),
    ("kink", "so does that of one smooth piece, but not across the kinks of the loss"),
    (
        "saddle",
        f"no slope, and the loss falls by more than {format_percent_of(THRESHOLDS.down)} along its most "
        "negative curvature, or downhill from a nudge",
    ),
    (
        "plateau",
        "no slope, no way down along the curvature, and some layer has none: no move of it changes the loss "
        "by "
        f"{format_percent_of(THRESHOLDS.up)}",
    ),
    ("minimum", "no slope, no way down when nudged, and every layer curves; many directions may be flat"),
)
HOW_READ = (
    "Read from the loss over all examples, in float64, at the stationary point beside the run's end. The "
    "reach is the size of a typical weight, or 1 if that is less."
)
SHOWN = ("endings", "flat", "escapes", "saddles escape", "thresholds")
"""The verdicts of the answer; with details all are shown."""


def print_endings(result: EndingsResult, *, console: Console, details: bool = False) -> None:
    """Print where failed runs end, or with all `details`, as wide as `console` is."""
    first, *others = result.verdicts
    support = [str(verdict) for verdict in others if details or verdict.topic in SHOWN]
    shown = [each for each in result.kinds if each.runs.k or each.kind != "kink"]
    parts: list[Part] = [
        said(f"{result.name}: where failed runs end", style="bold"),
        said(data_words(result.experiment)),
        lambda left: set_off(result.made, most=LINES if details else left),
        said(first.sentence, style="bold"),
        *([ENDING_KINDS.terminal(shown)] if shown else []),
        said(*support, *notes(result)),
    ]
    if not details:
        parts.append(said(MORE_OF_ENDINGS, style="muted"))
    elif shown:
        title = "Failed runs at other thresholds"
        parts += [
            AT_OTHER_THRESHOLDS.terminal(result.at_other_thresholds, title=title),
            set_off(MEANINGS, style="muted"),
            said(f"{HOW_READ} Time: {time_words(result.how)}.", style="muted"),
        ]
    print_parts(parts, console=console)
