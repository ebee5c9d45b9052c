"""What a map says: the answer first, the best point on fresh seeds, how it fails elsewhere."""

from __future__ import annotations

import json

import numpy as np
import pytest
from studies.maps.made_map import made_map

from trainlab.errors import TrainlabError
from trainlab.studies import map_picture
from trainlab.studies.maps.contour import solved_contours
from trainlab.studies.maps.fields import axis_words, short_name
from trainlab.studies.maps.show import MEASURES


def test_the_sentences():
    result = made_map()
    assert result.verdict == (
        "2-3-1 learns (at least 90 % of 10 seeds solved) in 2 % of the plane (1 of 48 points): "
        "for lr 0.0518 and within 0.3.",
        "The best point is lr 0.0518, within 0.3: 90 of 100 fresh seeds (90.0 %, 82.6 to 94.5 %) are solved "
        "there. It was chosen from 48 trained points for 10 of 10, a figure that flatters; the fresh seeds "
        "had no part in the choice.",
        "As its file has it (lr 0.1, within 0.1), 3 of 10 seeds (30.0 %, 10.8 to 60.3 %) are solved.",
        "Where it isn't mostly solved, most seeds get stuck in 52 %, end with a vanishing gradient in 12 % "
        "and diverge in 12 % of the plane.",
    )
    assert str(result) == "\n".join(result.verdict)


def test_a_range_of_pairs_says_if_not_all_of_them_learn():
    result = made_map()
    result.shares.runs[0, 2:4, 3:5] = 1
    assert "for lr from 0.0518 to 0.193 and within from 0.3 to 0.4." in result.verdict[0]
    result.shares.runs[0, 2, 4] = 0
    assert "within from 0.3 to 0.4, not every pair of them." in result.verdict[0]


def test_learning_nowhere_and_no_own_setting():
    result = made_map(height=8, own=False)
    assert result.verdict[0] == (
        "2-3-1 learns nowhere in this plane: at none of 48 points are at least 90 % of 10 seeds solved."
    )
    assert len(result.verdict) == 3
    assert result.learns_ranges == ()
    assert result.to_dict()["learns"] == {"level": 0.9, "points": 0, "share": 0.0, "x": [], "y": []}
    assert result.to_dict()["own"] is None


def test_nine_of_ten_is_ninety_percent():
    assert made_map(height=9).learns.sum() == 1


def test_the_json_holds_every_point():
    result = made_map()
    data = json.loads(result.to_json())
    assert data["solved"]["k"] == result.counts.runs[0].tolist()
    assert data["solved"]["share"][2][3] == 1.0
    assert data["solved"]["low"][2][3] == pytest.approx(0.7225, abs=1e-4)
    assert data["solved"]["high"][0][7] == pytest.approx(0.2775, abs=1e-4)
    assert data["epochs_until_solved"][2][3] == 13
    assert data["epochs_until_solved"][0][0] is None
    assert data["outcome"][2][3:8] == ["solved", "solved", "stuck", "stuck", "diverged"]
    assert data["points"] == {"total": 48, "trained": 48}
    total = sum(np.array(data[name]["k"]) for name in ("solved", "diverged", "vanishing", "stuck"))
    assert (total == 10).all()


def test_a_point_that_was_not_trained_has_no_count():
    result = made_map()
    result.counts.runs[:, 2, 4] = -1
    data = result.to_dict()
    assert data["solved"]["k"][2][4] is data["solved"]["low"][2][4] is None
    assert data["solved"]["share"][2][4] == 0.7
    assert data["trained"][2][3:5] == [True, False]
    assert data["points"]["trained"] == 47
    assert result.at(0.0518, 0.3).k == 10
    assert result.at(0.2, 0.3) is None


def test_contours_lie_between_the_points_that_they_part():
    (half, lines), (ninety, inner) = solved_contours(made_map())
    assert (half, ninety) == (0.5, 0.9)
    assert len(lines) == len(inner) == 1
    assert (inner[0][0] == inner[0][-1]).all()
    for (line,), level in ((lines, 5), (inner, 9)):
        right = line[np.isclose(line[:, 1], 0.3), 0].max()
        # From 10 seeds at column 3 to 7 at column 4, and 4 at column 5; log scale.
        column = 3 + (10 - level) / 3
        assert right == pytest.approx(10 ** (-3 + 4 * column / 7), rel=1e-4)


def test_the_four_pictures():
    result = made_map()
    titles = [map_picture(result, measure).title for measure in MEASURES]
    assert titles == [
        "2-3-1: share of seeds solved",
        "2-3-1: epochs until solved",
        "2-3-1: share of seeds that diverge",
        "2-3-1: what most seeds come to",
    ]
    assert "learning rate (optimizer.lr, log scale)" in map_picture(result).svg
    with pytest.raises(TrainlabError) as raised:
        map_picture(result, "solve")  # type: ignore[arg-type]
    assert str(raised.value) == (
        "measure = 'solve': must be 'solved', 'epochs', 'diverged' or 'outcome'. Did you mean 'solved'?"
    )


def test_it_shows_itself():
    result = made_map()
    assert repr(result) == "<MapResult '2-3-1': 8×6 points × 10 seeds>"
    page = result._repr_html_()
    assert page.count("<svg") == 1
    assert "2-3-1 learns" in page


def test_fields_in_words():
    asked = made_map().question
    assert axis_words(asked.x) == "learning rate (optimizer.lr)"
    assert [short_name(path) for path in ("epochs", "init.weight.std", "optimizer.betas.0")] == [
        "epochs",
        "std",
        "betas.0",
    ]
