"""A map, in the terminal and as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import Shade, counted, format_number, heat_text, html_table, ramp, unbroken
from trainlab.draw.palette import DARK
from trainlab.draw.svg import Html
from trainlab.page.columns import share
from trainlab.page.document import (
    NOTHING,
    Front,
    code,
    fold,
    joined,
    page,
    paragraph,
    picture,
    side_by_side,
    terms,
)
from trainlab.report.common import (
    Part,
    check_given,
    print_parts,
    provenance_terms,
    said,
    set_off,
    task_label,
    time_words,
)
from trainlab.spec import data_words, experiment_to_toml
from trainlab.stats import Rate
from trainlab.studies.maps import Axis, MapResult, map_picture
from trainlab.studies.maps.counts import LEVELS, OUTCOMES
from trainlab.studies.maps.question import axis_words
from trainlab.studies.maps.show import NO_EPOCHS, ROLES, MapMeasure, heat_axis, measures

if TYPE_CHECKING:
    from rich.console import Console, Group

    from trainlab.studies.maps.question import Question


# How a map was made, and what it doesn't say: the same words for page and terminal.


def method_pairs(result: MapResult) -> list[tuple[str, str]]:
    """Return terms with their explanation."""
    asked = result.question
    experiment = asked.experiment
    return [
        ("Cell", f"{asked.cell}, network {experiment.network.label}, task {task_label(experiment.task)}"),
        ("Axes", f"{axis_range(asked.x)}; {axis_range(asked.y)}"),
        ("Points", points_words(result)),
        ("Seeds", seeds_words(result)),
        *provenance_terms(result.how),
        ("Epochs", _epochs(experiment.record.solved_every)),
        ("Not tested", _not_tested(result)),
    ]


def axis_range(axis: Axis) -> str:
    """Return ``optimizer.lr: 64 values from 10⁻⁴ to 10, log``."""
    first, last = format_number(float(axis.values[0])), format_number(float(axis.values[-1]))
    scale = "log" if axis.log else "linear"
    return f"{axis.field}: {len(axis.values)} values from {first} to {last}, {scale}"


def points_words(result: MapResult) -> str:
    """Return how many points were trained, and where the rest comes from."""
    trained = result.counts.trained
    if trained.all():
        return f"all {trained.size:,} trained"
    return (
        f"{int(trained.sum()):,} of {trained.size:,} trained: a coarse grid, then more wherever neighbours "
        "differed by more than 10 points or in their commonest outcome; the rest is interpolated between "
        "trained points that agree. What is smaller than the coarse grid can be missed"
    )


def seeds_words(result: MapResult) -> str:
    """Return which seeds every point was trained on, and which the best point again."""
    first = result.how.seeds
    every = f"{_span(0, first)} at every point"
    best = result.best
    return every if best is None else f"{every}; the best point again on {_span(first, best.fresh.n)}"


def _span(first: int, count: int) -> str:
    return f"{first:,}" if count == 1 else f"{first:,} to {first + count - 1:,}"


def _epochs(every: int) -> str:
    if not every:
        return "runs were checked for being solved only at their end"
    return f"runs were checked for being solved every {counted(every, 'epoch')}"


def _not_tested(result: MapResult) -> str:
    seeds, task = result.how.seeds, task_label(result.question.experiment.task)
    low, high = (100 * end for end in _interval_at_most(result))
    return (
        f"A shade rests on {counted(seeds, 'seed')}: where all are solved, the interval is {low:.0f} to "
        f"{high:.0f} %. All points share their seeds, so neighbours err alike. Everything else is as "
        f"the file has it: another task than {task}, another network or setting has another map."
    )


def _interval_at_most(result: MapResult) -> tuple[float, float]:
    from trainlab.stats import rate

    best = rate(result.how.seeds, result.how.seeds)
    return best.low, best.high


# A map as one self-contained HTML page: the verdict first, then pictures of the plane, the method last.


CAPTIONS = {
    "solved": "How much of the plane works, and how sharply it ends. Each shade is the share of a "
    "point's seeds.",
    "epochs": "How soon, where some seeds are solved: a plane that works can still be slow.",
    "diverged": "Where numbers overflow: a prediction was no longer finite.",
    "outcome": "How training fails where it does; the commonest outcome may be less than half of the seeds. "
    "A vanishing gradient is a high loss with almost no gradient in the first layer at the end, but one in "
    "the last; standing still, a high loss with almost none in any layer.",
}


def map_html(
    result: MapResult, *, notice: Html = NOTHING, further: Sequence[tuple[str, str, Html]] = ()
) -> str:
    """Return the report of a map as one HTML file that needs no network, and reads whole without a script.

    `notice` and `further` are as in `study_html`.
    """
    check_given(result, MapResult, made_by="trainlab.map_plane")
    asked = result.question
    axes = f"{axis_words(asked.x)} across, {axis_words(asked.y)} up"
    first, *rest = (
        paragraph(unbroken(words), kind="" if at else "question") for at, words in enumerate(result.verdict)
    )
    diverged = result.shares.runs[1].any()
    shown: list[MapMeasure] = [item for item in measures(result) if item != "diverged" or diverged]
    drawn = {
        item: joined(picture(map_picture(result, item)), paragraph(CAPTIONS[item], kind="muted"))
        for item in shown
    }
    lost = [] if "diverged" in shown else ["No seed diverged anywhere in this plane."]
    if "epochs" not in shown:
        lost.append(f"{NO_EPOCHS[0].upper()}{NO_EPOCHS[1:]}")
    return page(
        f"Map: where {asked.name} learns",
        Front(say=first, show=drawn.pop("solved"), more=joined(*rest)),
        [
            (
                "plane",
                "Other views of the plane",
                joined(side_by_side(list(drawn.values())), *map(paragraph, lost)),
            ),
            ("best", _points_title(result), joined(_points_table(result), _experiment(result))),
            ("method", "How it was run", terms(method_pairs(result))),
            *further,
        ],
        aside=f"{axes[0].upper()}{axes[1:]}",
        notice=notice,
    )


def _points_title(result: MapResult) -> str:
    return "The file's own setting" if result.best is None else "The best point"


def _points_table(result: MapResult) -> Html:
    """Return the best point, on fresh seeds and on the map's, and the file's own setting; what there is."""
    asked, best, own = result.question, result.best, result.own
    points: list[tuple[str, float, float, Rate]] = []
    if best is not None:
        x, y = float(asked.x.values[best.column]), float(asked.y.values[best.row])
        points.append(("best point, fresh seeds", x, y, best.fresh))
        points.append(("best point, seeds of the map", x, y, best.seen))
    if own is not None:
        points.append(("as the file has it", own.x, own.y, own.solved))
    headers = ("Point", asked.x.field, asked.y.field, "solved (95 % interval)", "seeds")
    rows = [(*point, share(solved), solved.n) for *point, solved in points]
    return html_table(headers, rows, align=("left", "right", "right", "right", "right")) if rows else NOTHING


def _experiment(result: MapResult) -> Html:
    experiment = result.best_experiment
    if experiment is None:
        return NOTHING
    return fold("The best point as an experiment file (TOML)", code(experiment_to_toml(experiment)))


# A map in the terminal: its answer and the share solved, or all details: outcomes, how it was made.


MORE = "More: --details (where it fails, and how), --html FILE (all pictures)"
AROUND = 8
"""Lines about a plane: a blank one, its title, its axes, its key, and that some of it is left out."""
LEAST_ROWS = 6
"""A plane has so many lines, whatever stands beside it."""
WHOLE = 12
"""Up to so many rows all are shown; sentences that find no room are left to the details."""
_GLYPHS = " ░▒█"
_LOWEST = 0.1
"""Below this share a glyph is blank."""
_CONTOURS = (DARK["s2"], DARK["s5"])
_OUTCOMES = tuple(
    Shade(colour=DARK[role], glyph=glyph, words=outcome)
    for role, glyph, outcome in zip(ROLES, "█xv=·", OUTCOMES, strict=True)
)


def print_map(result: MapResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a map, or all `details`, as wide as `console` is.

    Without colours, glyphs say what they would.
    """
    asked = result.question
    # How it fails elsewhere, the last sentence, is shown by a picture of the details.
    first, *others = result.verdict if details else result.verdict[:-1]
    shaded = _solved(result, coloured=console.color_system is not None)
    solved = partial(_plane, asked, "Share of seeds solved", *shaded, console=console)
    parts: list[Part] = [
        said(f"{_named(asked)}: where training works", first, style="bold"),
        said(data_words(asked.experiment)),
        set_off(asked.made),
    ]
    if details:
        points, seeds = points_words(result), f"seeds {seeds_words(result)}"
        how = f"Points: {points}; {seeds}; {result.how.engine} engine; {time_words(result.how)}."
        outcome = _plane(asked, "The commonest outcome", result.shares.outcome, _OUTCOMES, console=console)
        parts += [said(*others), solved(), outcome, said(""), said(how, style="muted")]
    else:
        beside = partial(_beside, solved, others, rows=len(asked.y.values), console=console)
        parts += [beside, said(MORE, style="muted")]
    print_parts(parts, console=console)


def _named(asked: Question) -> str:
    """Return the cell in words, its network with its widths: ``Model 1 (2-5-4-1) with A``."""
    network, label = asked.cell.partition(":")[0], asked.experiment.network.label
    return asked.name if network == label else asked.name.replace(network, f"{network} ({label})", 1)


def _beside(
    plane: Callable[..., Group], support: Sequence[str], left: int, *, rows: int, console: Console
) -> Group:
    """Return a plane of `rows`, and what supports the answer, but for sentences that find no room."""
    from rich.console import Group

    # Where all rows are shown, no line says that some are left out.
    least = rows - 1 if rows <= WHOLE else LEAST_ROWS
    kept = list(support)

    def room() -> int:
        return left - AROUND - len(console.render_lines(said(*kept)))

    while kept and room() < least:
        kept.pop()
    return Group(plane(most=max(least + (rows <= WHOLE), room())), said(*kept))


def _plane(
    asked: Question,
    title: str,
    codes: npt.NDArray[np.integer],
    shades: Sequence[Shade],
    *,
    console: Console,
    most: int = 64,
) -> Group:
    """Return a plane under its title, in at most so many lines."""
    from rich.console import Group

    drawn = heat_text(
        heat_axis(asked.x),
        heat_axis(asked.y),
        np.asarray(codes, dtype=np.int64),
        shades,
        width=console.width,
        coloured=console.color_system is not None,
        most=most,
    )
    # The key may take two lines.
    drawn.no_wrap, drawn.overflow = False, "crop"
    return Group(said("", title, style="bold"), drawn)


def _solved(result: MapResult, *, coloured: bool) -> tuple[npt.NDArray[np.int64], list[Shade]]:
    """Return codes and shades of the share solved: eleven shades and two contours, or four glyphs."""
    share = result.shares.solved
    if not coloured:
        bounds = (_LOWEST, *LEVELS)
        codes = np.searchsorted(np.array(bounds) - 1e-9, share, side="right")
        ends = [f"{100 * bound:.0f}" for bound in bounds]
        between = [f"{low} to {high} %" for low, high in pairwise(ends)]
        words = (f"below {ends[0]} %", *between, f"{ends[-1]} % and more")
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
