"""Maps of a plane: every value in its cell and its colour, whatever the axes; contours where they are."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from trainlab.draw import Contour, HeatAxis, HeatScale, Picture, Spot, heat_map, region_map
from trainlab.draw.heat_charts import MOST, frame, plane
from trainlab.errors import TrainlabError

SVG = "{http://www.w3.org/2000/svg}"
X = HeatAxis(values=[0.01, 0.1, 1, 10], label="learning rate", log=True)
Y = HeatAxis(values=[1, 2, 3], label="depth")
VALUES = np.array([[0, 10, 20, 30], [40, 50, np.nan, 70], [80, 90, 100, 150]])


SCALE = HeatScale(label="solved, %", low=0, high=100)
UNIT = HeatScale(label="v", low=0, high=1)


def drawn(values: np.ndarray = VALUES, scale: HeatScale = SCALE, **options: Any) -> Picture:
    return heat_map(X, Y, values, scale, title="T", **options)


def rectangles(picture: Picture) -> dict[str, list[tuple[float, ...]]]:
    """The rectangles of each role, as (left, top, right, bottom), in tenths of a unit."""
    found: dict[str, list[tuple[float, ...]]] = {}
    crisp = next(
        node
        for node in ElementTree.fromstring(picture.svg).iter(f"{SVG}g")
        if node.get("shape-rendering") == "crispEdges"
    )
    for path in crisp:
        role = re.search(r"--tl-(\w+)", path.get("style", ""))[1]  # type: ignore[index]
        numbers = re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", path.get("d", ""))
        found[role] = [(x, y, x + w, y + h) for x, y, w, h in (map(int, each) for each in numbers)]
    return found


def test_every_cell_has_the_colour_of_its_value():
    found = rectangles(drawn())
    assert {role: len(cells) for role, cells in found.items()} == {
        **{f"h{step}": 1 for step in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10)},
        "grid": 1,
    }
    # Steps 10 stand side by side, as one rectangle of two cells.
    (wide,), (narrow,) = found["h10"], found["h9"]
    assert wide[2] - wide[0] == pytest.approx(2 * (narrow[2] - narrow[0]), abs=2)
    assert wide[0] == narrow[2]


def test_cells_tile_the_plane_with_small_y_below():
    found = rectangles(drawn())
    area = sum(
        (right - left) * (bottom - top) for cells in found.values() for left, top, right, bottom in cells
    )
    everything = np.array([cell for cells in found.values() for cell in cells])
    (left, top), (right, bottom) = everything[:, :2].min(axis=0), everything[:, 2:].max(axis=0)
    assert area == pytest.approx((right - left) * (bottom - top), rel=1e-3)
    assert found["h0"][0][3] == bottom
    assert found["h10"][0][1] == top


def test_values_that_are_not_evenly_spaced_have_cells_that_reach_halfway():
    axis = HeatAxis(values=[1, 2, 10], label="epochs")
    laid = frame(plane(axis, Y, np.zeros((3, 3))))
    places = laid.x.map(np.array([1.0, 2.0, 10.0]))
    assert laid.x_edges[1:-1] == pytest.approx((places[:-1] + places[1:]) / 2)
    assert (np.diff(laid.x_edges) > 0).all()


@pytest.mark.parametrize("count", [2, 8, 64])
def test_no_cell_covers_the_label_of_the_axis(count: int):
    axis = HeatAxis(values=np.arange(count), label="depth")
    picture = heat_map(X, axis, np.zeros((count, 4)), UNIT, title="T")
    label = re.search(r'<text x="[\d.]+" y="([\d.]+)"[^>]*>depth</text>', picture.svg)
    assert label is not None
    highest = min(top for cells in rectangles(picture).values() for _, top, _, _ in cells) / 10
    assert 8 < float(label[1]) < highest - 4


def test_a_log_ramp_is_by_ratio():
    found = rectangles(
        drawn(np.geomspace(1, 1024, 12).reshape(3, 4), replace(SCALE, low=1, high=1024, log=True))
    )
    assert {"h0", "h5", "h10"} <= set(found)
    assert "solved, % (log scale)" in drawn(np.ones((3, 4)), replace(SCALE, low=1, high=10, log=True)).svg


def test_words_say_least_most_and_what_is_missing():
    picture = drawn(scale=replace(SCALE, missing="none solved"), places=[Spot(x=0.1, y=2, label="best")])
    assert "least 0 at (0.01, 1); most 150 at (10, 3); none solved at 1." in picture.text
    assert "depth 2, by learning rate: 0.01: 40; 0.1: 50; 1: none solved; 10: 70." in picture.text
    assert "best: (0.1, 2)." in picture.text
    assert ">none solved</text>" in picture.svg
    assert picture.data["rows"][6] == [1.0, 2.0, None]
    assert "everywhere no value" in drawn(np.full((3, 4), np.nan)).text


def test_contours_and_places_stand_where_their_values_are():
    line = np.array([[0.01, 1.0], [10.0, 3.0]])
    spot = Spot(x=0.1, y=2, label="best", shape="circle")
    picture = drawn(levels=[Contour(label="50 %", lines=[line])], places=[spot])
    laid = frame(plane(X, Y, VALUES))
    start = f"M{laid.x(0.01):.1f} {laid.y(1):.1f}".replace(".0 ", " ").removesuffix(".0")
    assert f'd="{start}L' in picture.svg
    assert f'cx="{laid.x(0.1):.1f}"'.replace(".0", "") in picture.svg
    assert ">50 %</text>" in picture.svg
    assert ">90 %: nowhere</text>" in drawn(levels=[Contour(label="90 %", lines=[])]).svg


@pytest.mark.computes
def test_more_points_than_a_picture_shows_are_thinned_and_it_says_so():
    axis = HeatAxis(values=np.arange(1, 1001), label="n")
    picture = heat_map(axis, axis, np.random.default_rng(0).random((1000, 1000)), UNIT, title="T")
    assert f"Drawn: {MOST**2:,} of 1,000,000 points." in picture.text
    assert len(picture.data["rows"]) == MOST**2
    assert picture.data["rows"][-1][:2] == [1000, 1000]


def test_a_full_map_stays_small():
    axis = HeatAxis(values=np.geomspace(1e-4, 10, 64), label="n", log=True)
    rows, columns = np.mgrid[0:64, 0:64]
    noise = np.random.default_rng(0).normal(0, 5, (64, 64))
    hill = 120 - np.hypot(rows - 32, columns - 32) * 4 + noise
    assert len(heat_map(axis, axis, hill, SCALE, title="T").svg) < 66_000


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (HeatAxis(values=[1], label="x"), "x: [1]; give two or more finite ascending numbers."),
        (HeatAxis(values=[2, 1], label="x"), "x: [2, 1]; give two or more finite ascending numbers."),
        (HeatAxis(values=[0, 1], label="x", log=True), "ascending numbers, above 0 for a log axis."),
        (HeatAxis(values=[1, np.nan], label="x"), "give two or more finite ascending numbers."),
        (
            HeatAxis(values=[1, 2], label="x"),
            "values: an array of shape [3, 4] for 3 values of y and 2 of x;",
        ),
    ],
)
def test_wrong_axes(x: HeatAxis, message: str):
    with pytest.raises(TrainlabError) as raised:
        heat_map(x, Y, VALUES, UNIT, title="T")
    assert message in str(raised.value)


def test_a_ramp_needs_two_ends():
    for low, high, log in ((1, 1, False), (0, 1, True)):
        with pytest.raises(TrainlabError, match="low must be less than high, above 0 if log"):
            HeatScale(label="v", low=low, high=high, log=log)


def test_regions_have_their_names_in_them_where_there_is_room():
    axis = HeatAxis(values=np.arange(20.0), label="n")
    codes = np.zeros((20, 20), dtype=int)
    codes[:, 10:] = 1
    codes[0, 0] = 2
    places = [Spot(x=4.5, y=9.5, label="own")]
    picture = region_map(
        axis,
        axis,
        codes,
        names=["works", "fails", "tiny"],
        roles=["s3", "s2", "grid"],
        title="T",
        places=places,
    )
    inside = re.findall(r"<text [^>]*paint-order[^>]*>(\w+)</text>", picture.svg)
    assert inside == ["works", "fails"]
    assert "works 50 %, fails 50 %, tiny <1 %." in picture.text
    assert "n 19, by n: works from 0 to 9, fails from 10 to 19." in picture.text
    assert picture.data["rows"][0] == [0.0, 0.0, "tiny"]
    with pytest.raises(TrainlabError, match=r"codes: \[0.0, 1.0, 2.0\] for 2 names and 2 roles"):
        region_map(axis, axis, codes, names=["a", "b"], roles=["s1", "s2"], title="T")


def test_places_alike_share_an_entry_of_the_legend() -> None:
    axis = HeatAxis(values=[0.0, 1.0, 2.0], label="x")
    spots = [Spot(x=at, y=at, label="target 0") for at in (0.0, 1.0)] + [Spot(x=2, y=2, label="target 1")]
    svg = heat_map(axis, axis, np.zeros((3, 3)), UNIT, title="t", places=spots).svg
    assert svg.count(">target 0</text>") == 1
    assert svg.count(">target 1</text>") == 1
