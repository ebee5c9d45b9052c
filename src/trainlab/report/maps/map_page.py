"""A map as one self-contained HTML page: the verdict first, then pictures of the plane, the method last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.draw import unbroken
from trainlab.draw.svg import Html
from trainlab.page.cells import share
from trainlab.page.columns import Column, TableOf
from trainlab.page.document import Front, code, fold, page, paragraph, picture, side_by_side, terms
from trainlab.page.html import NOTHING, joined
from trainlab.report.given import check_given
from trainlab.report.maps.map_method import method_pairs
from trainlab.spec import experiment_to_toml
from trainlab.stats import Rate
from trainlab.studies.maps import MapResult, map_picture
from trainlab.studies.maps.axis import axis_words
from trainlab.studies.maps.show import NO_EPOCHS, MapMeasure, measures

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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Point:
    """A point of the plane, by its values on both axes, and its rate."""

    what: str
    x: float
    y: float
    solved: Rate


def _points_table(result: MapResult) -> Html:
    """Return the best point, on fresh seeds and on the map's, and the file's own setting; what there is."""
    asked, best, own = result.question, result.best, result.own
    points: list[_Point] = []
    if best is not None:
        x, y = float(asked.x.values[best.column]), float(asked.y.values[best.row])
        points.append(_Point(what="best point, fresh seeds", x=x, y=y, solved=best.fresh))
        points.append(_Point(what="best point, seeds of the map", x=x, y=y, solved=best.seen))
    if own is not None:
        points.append(_Point(what="as the file has it", x=own.x, y=own.y, solved=own.solved))
    table: TableOf[_Point] = TableOf(
        (
            Column("Point", lambda point: point.what),
            Column(asked.x.field, lambda point: point.x),
            Column(asked.y.field, lambda point: point.y),
            Column("solved (95 % interval)", lambda point: point.solved, show=share, align="right"),
            Column("seeds", lambda point: point.solved.n),
        )
    )
    return table.html(points) if points else NOTHING


def _experiment(result: MapResult) -> Html:
    experiment = result.best_experiment
    if experiment is None:
        return NOTHING
    return fold("The best point as an experiment file (TOML)", code(experiment_to_toml(experiment)))
