"""Where failed runs end, in the terminal: the answer with its table, or all details with every threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import wrapped
from trainlab.report.provenance_lines import time_words
from trainlab.report.terminal_lines import LINES, labelled, print_lines
from trainlab.spec import data_words
from trainlab.studies import EndingsResult
from trainlab.studies.landscape.classify_end import THRESHOLDS
from trainlab.studies.landscape.ending_kinds import AT_OTHER_THRESHOLDS, ENDING_KINDS, format_percent_of
from trainlab.studies.landscape.verdict import notes

if TYPE_CHECKING:
    from rich.console import Console

MORE = "More: --details (what each word means here, other thresholds), --json FILE (every run)"
MEANING = (
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
HOW = (
    "Read from the loss over all examples, in float64, at the stationary point beside the run's end. The "
    "reach is the size of a typical weight, or 1 if that is less."
)
SHOWN = ("endings", "flat", "escapes", "saddles escape", "thresholds")
"""The verdicts of the answer; with details all are shown."""


def print_endings(result: EndingsResult, *, console: Console, details: bool = False) -> None:
    """Print where failed runs end, or with all `details`, as wide as `console` is."""

    width = console.width
    first, *others = result.verdicts
    answer = wrapped(first.sentence, width)
    support = [
        line
        for verdict in others
        if details or verdict.topic in SHOWN
        for line in wrapped(str(verdict), width)
    ]
    support += [line for note in notes(result) for line in wrapped(note, width)]
    data = wrapped(data_words(result.experiment), width)
    end = wrapped(MORE, width)
    shown = [each for each in result.kinds if each.runs.k or each.kind != "kink"]
    room = LINES - len(answer) - len(support) - len(data) - len(end) - len(shown) - (5 if shown else 1)
    made = labelled([pair for pair in result.made if pair[1]], width, **({} if details else {"most": room}))
    print_lines([f"{result.name}: where failed runs end"], console=console, style="bold")
    print_lines((*data, *made), console=console)
    print_lines(answer, console=console, style="bold")
    if shown:
        console.print(ENDING_KINDS.terminal(shown))
    print_lines(support, console=console)
    if details and shown:
        moved = result.at_other_thresholds
        console.print(AT_OTHER_THRESHOLDS.terminal(moved, title="Failed runs at other thresholds"))
        print_lines(
            [*labelled(MEANING, width), *wrapped(f"{HOW} Time: {time_words(result.how)}.", width)],
            console=console,
            style="muted",
        )
    elif not details:
        print_lines(end, console=console, style="muted")
