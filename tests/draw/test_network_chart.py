"""Networks, and the values of their nodes."""

from __future__ import annotations

import itertools
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from trainlab.draw import HeatAxis, HeatScale, Track, can_show_values, heat_map, network_graph, value_graph
from trainlab.errors import TrainlabError

SVG = "{http://www.w3.org/2000/svg}"
WEIGHTS = [np.array([[1.5, -2.0], [0.0, 0.5]]), np.array([[-0.25, np.nan]])]
BIASES = [np.array([0.5, -1.0]), None]


def test_every_weight_and_bias_is_in_picture_text_and_data() -> None:
    picture = network_graph([2, 2, 1], WEIGHTS, BIASES, title="T")
    for words in (
        "Layer 1, unit 1 from input 2: −2",
        "Layer 2, unit 1 from layer 1, unit 2: NaN",
        "Layer 1, unit 2: bias −1",
    ):
        assert f"<title>{words}</title>" in picture.svg
    assert "Layer 1: weights into each unit [1.5, −2], [0, 0.5]; biases 0.5, −1." in picture.text
    assert "Layer 2: weights into each unit [−0.25, NaN]; no biases." in picture.text
    assert "8 weights and biases" in picture.text
    assert picture.data["rows"] == [
        [1, 1, "input 1", 1.5],
        [1, 1, "input 2", -2.0],
        [1, 1, "bias", 0.5],
        [1, 2, "input 1", 0.0],
        [1, 2, "input 2", 0.5],
        [1, 2, "bias", -1.0],
        [2, 1, "layer 1, unit 1", -0.25],
        [2, 1, "layer 1, unit 2", None],
    ]


def _links(svg: str) -> dict[str, tuple[str | None, float]]:
    """Return for each link's tooltip its dashes and its width."""
    found: dict[str, tuple[str | None, float]] = {}
    for node in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        for path in node.findall(f"{SVG}path"):
            if len(path):
                found[path[0].text or ""] = (node.get("stroke-dasharray"), float(path.get("stroke-width", 0)))
    return found


def test_sign_is_a_dash_and_size_a_width() -> None:
    links = _links(network_graph([2, 2, 1], WEIGHTS, BIASES, title="T").svg)
    assert links["Layer 1, unit 1 from input 2: −2"] == ("5 3", 5.0)
    assert links["Layer 1, unit 1 from input 1: 1.5"][0] is None
    assert links["Layer 1, unit 2 from input 1: 0"] == ("1 3", 0.7)
    assert links["Layer 2, unit 1 from layer 1, unit 2: NaN"] == ("1 3", 0.7)
    assert (
        0.7
        < links["Layer 1, unit 2 from input 2: 0.5"][1]
        < links["Layer 1, unit 1 from input 1: 1.5"][1]
        < 5
    )


@pytest.mark.parametrize(
    "widths", [(2, 11, 1), (2, 2, 2, 2, 2, 2, 2, 2, 1), (1, 1), (3, 16, 16, 1), (2,) * 31]
)
def test_units_never_touch(widths: tuple[int, ...]) -> None:
    weights = [np.ones((out, into)) for into, out in itertools.pairwise(widths)]
    svg = network_graph(widths, weights, [None] * len(weights), title="T").svg
    circles = [
        tuple(float(node.get(key, 0)) for key in ("cx", "cy", "r"))
        for node in ElementTree.fromstring(svg).iter(f"{SVG}circle")
    ]
    assert len(circles) == sum(widths)
    for place, (x, y, r) in enumerate(circles):
        assert all(np.hypot(x - u, y - v) > 2 * r for u, v, _ in circles[:place])


def test_a_very_wide_network_is_cut_and_says_so() -> None:
    rng = np.random.default_rng(0)
    picture = network_graph(
        [8, 64, 32], [rng.normal(size=(64, 8)), rng.normal(size=(32, 64))], [None] * 2, title="T"
    )
    assert "the first 16 are drawn" in picture.text
    assert "200 with the largest weights" in picture.svg
    assert len(picture.data["rows"]) == 64 * 8 + 32 * 64
    assert len(_links(picture.svg)) == 200
    assert "Layer 2: 2,048 weights, from −" in picture.text
    lost = network_graph([9, 9], [np.full((9, 9), np.nan)], [None], title="T")
    assert "Layer 1: 81 weights, none of them finite; no biases." in lost.text


def test_zero_and_empty_extremes() -> None:
    picture = network_graph([1, 1], [np.array([[0.0]])], [np.array([np.inf])], title="T")
    assert "zero or not finite" in picture.svg
    assert not re.search(r'="(nan|inf)"', picture.svg)


def test_errors_name_layer_shape_and_widths() -> None:
    with pytest.raises(TrainlabError, match=r"weights: layer 1 has shape \(2, 2\); .* need \(3, 2\)"):
        network_graph([2, 3, 1], WEIGHTS, BIASES, title="T")
    with pytest.raises(TrainlabError, match="weights: 2 entries for 2 widths"):
        network_graph([2, 2], WEIGHTS, BIASES, title="T")
    with pytest.raises(TrainlabError, match=r"biases: layer 1 has shape \(3,\); .* need \(2,\), or None"):
        network_graph([2, 2, 1], WEIGHTS, [np.zeros(3), None], title="T")
    with pytest.raises(TrainlabError, match=r"widths: \[2\]; give at least two layers"):
        network_graph([2], [], [], title="T")


VALUE_WEIGHTS = [np.array([[1.5, -2.0], [0.0, 0.5]]), np.array([[-0.25, 1.0]])]
VALUES = [
    [[("x", 0.0)], [("x", 1.0)]],
    [[("z", -2.0), ("a", -0.964)], [("z", 0.5), ("a", 0.4621171)]],
    [[("z", 0.7), ("a", -1.234e-5)]],
]


def test_every_number_is_in_picture_text_and_data() -> None:
    picture = value_graph([2, 2, 1], VALUE_WEIGHTS, VALUES, title="T")
    texts = [node.text for node in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]
    assert {"z −2", "a −0.964", "a 0.462", "x 1"} <= set(texts)
    assert "<title>Layer 1, unit, 2: z = 0.5; a = 0.462117</title>" in picture.svg
    assert "Layer 1: z −2, a −0.964; z 0.5, a 0.462." in picture.text
    assert picture.data["rows"][2] == [1, 1, "z", -2.0]
    assert len(picture.data["rows"]) == 8


def test_marked_links_are_of_another_hue_and_above_the_others() -> None:
    plain = value_graph([2, 2, 1], VALUE_WEIGHTS, VALUES, title="T")
    picture = value_graph(
        [2, 2, 1], VALUE_WEIGHTS, VALUES, title="T", marked={(0, 0, 1), (1, 0, 0)}, marked_label="on a path"
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
        value_graph([2, 2, 1], VALUE_WEIGHTS, VALUES[:2], title="T")
    with pytest.raises(TrainlabError, match=r"weights: layer 1 has shape"):
        value_graph([2, 2, 1], [VALUE_WEIGHTS[1], VALUE_WEIGHTS[0]], VALUES, title="T")


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
