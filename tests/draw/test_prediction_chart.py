from __future__ import annotations

import math
import re

import numpy as np
import pytest

from trainlab.draw import Answers, Picture, predictions
from trainlab.errors import TrainlabError


def _draw(*points: Answers) -> Picture:
    return predictions(points, title="Title", tolerance=0.1)


def test_counts_and_quantiles_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(1, 0.1, 1000)
    picture = _draw(Answers(label="(0, 1)", target=1, predictions=values, group="Model 1"))
    near = int((abs(values - 1) < 0.1).sum())
    row = picture.data["rows"][0]
    assert row[:6] == ["Model 1", "(0, 1)", 1, 1000, near, 0]
    assert row[6:] == pytest.approx(np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist())
    assert f"{near} of 1,000 within ±0.1" in picture.text
    assert f">{round(near / 10)} %</text>" in picture.svg


def test_the_tolerance_is_a_strict_bound() -> None:
    picture = predictions([Answers(label="p", target=0, predictions=[0.5, 0.4])], title="T", tolerance=0.5)
    assert "1 of 2 within ±0.5" in picture.text


def _heights(picture: Picture) -> list[list[float]]:
    paths = re.findall(r'<path d="((?:M[\d. ]+v-[\d.]+h[\d.]+v[\d.]+z)+)"', picture.svg)
    return [[float(h) for h in re.findall(r"v-([\d.]+)", path)] for path in paths]


def test_bars_are_shares_to_one_scale() -> None:
    steady = Answers(label="a", target=0, predictions=[0.0] * 100)
    split = Answers(label="b", target=0, predictions=[0.0] * 50 + [1.0] * 50)
    assert _heights(_draw(steady, split)) == [[26], [13, 13]]


def test_a_single_seed_among_thousands_still_shows() -> None:
    assert min(_heights(_draw(Answers(label="a", target=0, predictions=[0.0] * 9999 + [1.0])))[0]) == 0.6


def test_far_and_lost_predictions_are_counted_not_hidden() -> None:
    values = [*np.linspace(-0.1, 0.1, 997), 1e6, math.nan, math.inf]
    picture = _draw(Answers(label="a", target=0, predictions=values))
    assert "Beyond the axis: 1 prediction," in picture.text
    assert "Not finite: 2 predictions" in picture.text
    assert len(_heights(picture)[0]) > 20
    assert picture.data["rows"][0][5] == 2


def test_no_finite_prediction_is_said() -> None:
    picture = _draw(Answers(label="a", target=0.5, predictions=[math.nan]))
    assert "a: target 0.5, no finite prediction." in picture.text
    assert "There is no finite prediction to show." in picture.svg
    assert "nan" not in picture.svg.lower().replace("finan", "")


def test_the_target_is_marked_in_every_row() -> None:
    picture = _draw(*(Answers(label=f"p{t}", target=t, predictions=[0, 1]) for t in (0, 1)))
    assert [picture.svg.count(f">→ {t}</text>") for t in (0, 1)] == [1, 1]


def test_errors_name_the_point() -> None:
    with pytest.raises(TrainlabError, match=r"predictions of 'a': an array of shape \(2, 1\)"):
        _draw(Answers(label="a", target=0, predictions=np.zeros((2, 1))))
