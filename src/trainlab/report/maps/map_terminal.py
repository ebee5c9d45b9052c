"""A map in the terminal: its answer and the share solved, or all details: outcomes, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import Shade, heat_text, ramp, wrapped
from trainlab.report.maps.map_method import points_words, seeds_words
from trainlab.report.provenance_lines import time_words
from trainlab.report.terminal_lines import LINES, labelled, print_lines
from trainlab.spec import data_words
from trainlab.studies.maps import MapResult
from trainlab.studies.maps.counts import OUTCOMES
from trainlab.studies.maps.result import LEVELS
from trainlab.studies.maps.show import heat_axis

if TYPE_CHECKING:
    from rich.console import Console

    from trainlab.studies.maps.question import Question

MORE = "More: --details (where it fails, and how), --html FILE (all pictures)"
AROUND = 8
"""Lines about a plane: a blank one, its title, its axes, its key, and that some of it is left out."""
LEAST_ROWS = 6
"""A plane has so many lines, whatever stands beside it."""
_GLYPHS = " ░▒█"
_CONTOURS = ("#EE6C1F", "#F2C037")
_OUTCOMES = (
    Shade(colour="#1FB98A", glyph="█", words=OUTCOMES[0]),
    Shade(colour="#EE6C1F", glyph="x", words=OUTCOMES[1]),
    Shade(colour="#D88BBB", glyph="v", words=OUTCOMES[2]),
    Shade(colour="#3D9BDC", glyph="=", words=OUTCOMES[3]),
    Shade(colour="#4A535D", glyph="·", words=OUTCOMES[4]),
)


def print_map(result: MapResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a map, or all `details`, as wide as `console` is.

    Without colours, glyphs say what they would.
    """

    asked, width = result.question, console.width
    # How it fails elsewhere, the last sentence, is shown by a picture of the details.
    first, *others = result.verdict if details else result.verdict[:-1]
    head = wrapped(f"{_named(asked)}: where training works", width)
    data = wrapped(data_words(asked.experiment), width)
    answer = wrapped(first, width)
    defined = labelled([pair for pair in asked.made if pair[1]], width)
    support = [line for sentence in others for line in wrapped(sentence, width)]
    end = _end(result, width) if details else wrapped(MORE, width)
    print_lines((*head, *answer), console=console, style="bold")
    print_lines((*data, *defined, *(support if details else ())), console=console)
    room = LINES - len(head) - len(answer) - len(data) - len(defined) - len(support) - len(end) - AROUND
    if details:
        _plane(result, "Share of seeds solved", *_solved_in(result, console), console=console)
        _plane(result, "The commonest outcome", result.shares.outcome, _OUTCOMES, console=console)
        console.print()
    else:
        most = max(LEAST_ROWS, room)
        _plane(result, "Share of seeds solved", *_solved_in(result, console), console=console, most=most)
        print_lines(support, console=console)
    print_lines(end, console=console, style="muted")


def _named(asked: Question) -> str:
    """Return the cell in words, its network with its widths: ``Model 1 (2-5-4-1) with A``."""
    network, label = asked.cell.partition(":")[0], asked.experiment.network.label
    return asked.name if network == label else asked.name.replace(network, f"{network} ({label})", 1)


def _end(result: MapResult, width: int) -> list[str]:
    seeds = f"seeds {seeds_words(result)}"
    words = f"Points: {points_words(result)}; {seeds}; {result.how.engine} engine; {time_words(result.how)}."
    return wrapped(words, width)


def _plane(
    result: MapResult,
    title: str,
    codes: npt.NDArray[np.integer],
    shades: Sequence[Shade],
    *,
    console: Console,
    most: int | None = None,
) -> None:
    """Print a plane under its title, in at most so many lines."""

    asked = result.question
    console.print()
    print_lines([title], console=console, style="bold")
    drawn = heat_text(
        heat_axis(asked.x),
        heat_axis(asked.y),
        np.asarray(codes, dtype=np.int64),
        shades,
        width=console.width,
        coloured=console.color_system is not None,
        **({} if most is None else {"most": most}),
    )
    console.print(drawn, overflow="crop")


def _solved_in(result: MapResult, console: Console) -> tuple[npt.NDArray[np.int64], list[Shade]]:
    return _solved(result, coloured=console.color_system is not None)


def _solved(result: MapResult, *, coloured: bool) -> tuple[npt.NDArray[np.int64], list[Shade]]:
    """Return codes and shades of the share solved: eleven shades and two contours, or four glyphs."""
    share = result.shares.solved
    if not coloured:
        bounds = (0.1, *LEVELS)
        codes = np.searchsorted(np.array(bounds) - 1e-9, share, side="right")
        words = ("below 10 %", "10 to 50 %", "50 to 90 %", "90 % and more")
        return codes, [
            Shade(colour="", glyph=glyph, words=text) for glyph, text in zip(_GLYPHS, words, strict=True)
        ]
    colours = ramp(dark=True)
    shades = [
        Shade(colour=colour, glyph="", words={0: "0", 5: "50", 10: "100 %"}.get(step, ""))
        for step, colour in enumerate(colours)
    ]
    codes = np.round(share * (len(colours) - 1)).astype(np.int64)
    for level, colour in zip(LEVELS, _CONTOURS, strict=True):
        codes[_border(share >= level - 1e-9)] = len(shades)
        shades.append(Shade(colour=colour, glyph="", words=f"border of {100 * level:.0f} %"))
    return codes, shades


def _border(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the points inside that touch, by a side, one that isn't."""
    around = np.pad(inside, 1, mode="edge")
    deep = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return inside & ~deep
