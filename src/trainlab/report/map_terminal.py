"""A map in the terminal: the verdict, the share solved and the commonest outcome, how it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import TERMINAL, Shade, heat_text, ramp
from trainlab.report.map_method import points_words, seeds_words
from trainlab.report.method_part import time_words
from trainlab.spec import data_words
from trainlab.studies.maps import MapResult
from trainlab.studies.maps.counts import OUTCOMES
from trainlab.studies.maps.result import LEVELS
from trainlab.studies.maps.show import heat_axis

if TYPE_CHECKING:
    from rich.console import Console

_GLYPHS = " ░▒█"
_CONTOURS = ("#EE6C1F", "#F2C037")
_OUTCOMES = (
    Shade(colour="#1FB98A", glyph="█", words=OUTCOMES[0]),
    Shade(colour="#EE6C1F", glyph="x", words=OUTCOMES[1]),
    Shade(colour="#D88BBB", glyph="v", words=OUTCOMES[2]),
    Shade(colour="#3D9BDC", glyph="=", words=OUTCOMES[3]),
    Shade(colour="#4A535D", glyph="·", words=OUTCOMES[4]),
)


def print_map(result: MapResult, *, console: Console) -> None:
    """Print the summary of a map, as wide as `console` is; without colours, glyphs say what they would."""
    from rich.text import Text

    asked = result.question
    console.print(Text(f"{asked.name}: where training works", style="bold"))
    if data_words(asked.experiment):
        console.print(Text(data_words(asked.experiment)))
    console.print()
    for place, sentence in enumerate(result.verdict):
        console.print(Text(sentence, style="bold" if place == 0 else "default"))
    coloured = console.color_system is not None
    for title, codes, shades in (
        ("Share of seeds solved", *_solved(result, coloured=coloured)),
        ("The commonest outcome", result.shares.outcome, _OUTCOMES),
    ):
        console.print()
        console.print(Text(title, style="bold"))
        drawn = heat_text(
            heat_axis(asked.x),
            heat_axis(asked.y),
            np.asarray(codes, dtype=np.int64),
            shades,
            width=console.width,
            coloured=coloured,
        )
        console.print(drawn, overflow="crop")
    console.print()
    seeds = f"seeds {seeds_words(result)}"
    words = f"Points: {points_words(result)}; {seeds}; {result.how.engine} engine; {time_words(result.how)}."
    console.print(Text(words, style=TERMINAL["muted"]))


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
