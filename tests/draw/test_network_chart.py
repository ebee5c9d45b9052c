from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from trainlab.draw import network_graph
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
