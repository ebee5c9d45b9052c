from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from trainlab.draw import HeatAxis, HeatScale, Track, can_show_values, heat_map, value_graph
from trainlab.errors import TrainlabError

SVG = "{http://www.w3.org/2000/svg}"
WEIGHTS = [np.array([[1.5, -2.0], [0.0, 0.5]]), np.array([[-0.25, 1.0]])]
VALUES = [
    [[("x", 0.0)], [("x", 1.0)]],
    [[("z", -2.0), ("a", -0.964)], [("z", 0.5), ("a", 0.4621171)]],
    [[("z", 0.7), ("a", -1.234e-5)]],
]


def test_every_number_is_in_picture_text_and_data() -> None:
    picture = value_graph([2, 2, 1], WEIGHTS, VALUES, title="T", notes=["A note."])
    texts = [node.text for node in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]
    assert {"z −2", "a −0.964", "a 0.462", "x 1"} <= set(texts)
    assert "<title>Layer 1, unit, 2: z = 0.5; a = 0.462117</title>" in picture.svg
    assert "Layer 1: z −2, a −0.964; z 0.5, a 0.462." in picture.text
    assert "A note." in picture.text
    assert picture.data["rows"][2] == [1, 1, "z", -2.0]
    assert len(picture.data["rows"]) == 8


def test_marked_links_are_of_another_hue_and_above_the_others() -> None:
    plain = value_graph([2, 2, 1], WEIGHTS, VALUES, title="T")
    picture = value_graph(
        [2, 2, 1], WEIGHTS, VALUES, title="T", marked={(0, 0, 1), (1, 0, 0)}, marked_label="on a path"
    )
    assert "on a path" in picture.svg
    assert "on a path" not in plain.svg
    links = [
        (path[0].text or "", "--tl-s3" in path.get("style", ""))
        for path in ElementTree.fromstring(picture.svg).iter(f"{SVG}path")
        if len(path)
    ]
    assert {words for words, marked in links if marked} == {
        "Layer 1, unit 1 from input 2: −2",
        "Layer 2, unit 1 from layer 1, unit 1: −0.25",
    }
    assert [marked for _, marked in links] == [False] * 4 + [True] * 2


@pytest.mark.parametrize("widths", [(2, 3, 2, 1), (8, 8), (1, 8, 1, 8, 1), (8, 1, 8)])
def test_boxes_never_touch_and_stay_inside(widths: tuple[int, ...]) -> None:
    assert can_show_values(widths)
    weights = [np.ones((out, into)) for into, out in pairwise(widths)]
    values = [[[("z", -1.23e-7), ("a", -98765.4)] for _ in range(width)] for width in widths]
    root = ElementTree.fromstring(value_graph(widths, weights, values, title="T").svg)
    boxes = [
        tuple(float(node.get(key, 0)) for key in ("x", "y", "width", "height"))
        for node in root.iter(f"{SVG}rect")
        if node.get("rx")
    ]
    assert len(boxes) == sum(widths)
    for place, (x, y, width, height) in enumerate(boxes):
        assert 0 <= x <= x + width <= 400
        for u, v, _, _ in boxes[:place]:
            assert abs(x - u) > width or abs(y - v) > height


def test_what_does_not_fit_is_refused() -> None:
    assert not can_show_values([2, 9, 1])
    assert not can_show_values([2] * 6)
    with pytest.raises(TrainlabError, match=r"widths: \[2, 9, 1\]; numbers fit into at most 5 columns of 8"):
        value_graph([2, 9, 1], [], [], title="T")
    with pytest.raises(TrainlabError, match=r"values: \[2, 2\] units in the columns; the widths need"):
        value_graph([2, 2, 1], WEIGHTS, VALUES[:2], title="T")
    with pytest.raises(TrainlabError, match=r"weights: layer 1 has shape"):
        value_graph([2, 2, 1], [WEIGHTS[1], WEIGHTS[0]], VALUES, title="T")


def test_a_way_across_a_map_is_drawn_named_and_told() -> None:
    axis = HeatAxis(values=np.linspace(0, 1, 5), label="Distance")
    values = np.add.outer(np.arange(5.0), np.arange(5.0))
    way = Track(label="3 steps", points=np.array([[0.0, 0.0], [0.5, 0.25], [0.5, 0.26], [1.0, 1.0]]))
    scale = HeatScale(label="Loss", low=0.0, high=8.0)
    bare = heat_map(axis, axis, values, scale, title="T")
    picture = heat_map(axis, axis, values, scale, title="T", ways=[way])
    assert "3 steps: (0, 0) → (0.5, 0.25) → (0.5, 0.26) → (1, 1)." in picture.text
    circles = [svg.count("<circle") for svg in (bare.svg, picture.svg)]
    # Start, middle and end, and one in the legend: the two middle ones can't be told apart.
    assert circles[1] - circles[0] == 4
    assert "3 steps" in picture.svg
