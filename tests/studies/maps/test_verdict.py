"""What a map says: the answer first, the best point on fresh seeds, how it fails elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from studies.made_up import TINY
from studies.maps.made_map import made_map

from trainlab import Experiment
from trainlab.errors import TrainlabError
from trainlab.report import map_html
from trainlab.spec.change import Edit, go_on
from trainlab.stats import rate
from trainlab.studies import map_picture
from trainlab.studies.maps.counts import Shares, no_counts
from trainlab.studies.maps.question import axis_words, short_name
from trainlab.studies.maps.result import Best, Own
from trainlab.studies.maps.show import MAP_MEASURES, measures, solved_contours, spots


def test_the_sentences():
    result = made_map()
    assert result.verdict == (
        "2-3-1 learns at 1 of 48 trained points: at least 90 % of 10 seeds are solved there, and 9 of 10 "
        "mean a rate of 60 to 99 %.",
        "That is 2 % of the plane: lr 0.0518 and within 0.3.",
        "The best point is lr 0.0518, within 0.3: 90 of 100 fresh seeds (90.0 %, 82.6 to 94.5 %) are solved "
        "there. It was chosen from 48 trained points for 10 of 10, a figure that flatters; the fresh seeds "
        "had no part in the choice.",
        "As its file has it (lr 0.1, within 0.1), 3 of 10 seeds (30.0 %, 8.7 to 60.7 %) are solved.",
        "Less than half of the seeds are solved in 77 % of the plane; the commonest outcome there is stuck "
        "in 38 %, standing still in 15 %, diverged in 12 % and vanishing gradient in 12 % of the plane.",
    )
    assert str(result) == "\n".join(result.verdict)


def test_what_is_interpolated_is_not_said_to_be_measured():
    result = made_map()
    result.shares.runs[0, 2, 4] = 1
    result.counts.runs[:, 2, 4:6] = -1
    assert result.verdict[0].startswith("2-3-1 learns at 1 of 46 trained points: ")
    assert result.verdict[1].startswith(
        "With 1 more, interpolated between trained ones, that is 4 % of the plane: "
    )
    assert "(46 of 48" not in str(result)
    assert " of the plane, interpolated points included; " in result.verdict[-1]
    learns = result.to_dict()["learns"]
    assert (learns["points"], learns["trained"]) == (2, 1)


def test_a_range_of_pairs_says_if_not_all_of_them_learn():
    result = made_map()
    result.shares.runs[0, 2:4, 3:5] = 1
    assert result.verdict[1].endswith(" of the plane: lr from 0.0518 to 0.193 and within from 0.3 to 0.4.")
    result.shares.runs[0, 2, 4] = 0
    assert result.verdict[1].endswith("within from 0.3 to 0.4, not every pair of them.")


def test_learning_nowhere_and_no_own_setting():
    result = made_map(height=8, own=False)
    assert result.verdict[0] == (
        "2-3-1 isn't seen to learn in this plane: at none of 48 trained points are at least 90 % of 10 seeds "
        "solved."
    )
    assert len(result.verdict) == 3
    assert result.learns_ranges == ()
    nowhere = {"level": 0.9, "points": 0, "trained": 0, "share": 0.0, "x": [], "y": []}
    assert result.to_dict()["learns"] == nowhere
    assert result.to_dict()["own"] is None


def test_where_nothing_is_solved_no_point_is_the_best():
    result = made_map(height=0)
    assert result.verdict[1] == "No seed is solved at any trained point, so none is the best."
    assert result.best_experiment is result.to_dict()["best"] is None
    assert [spot.label for spot in spots(result)] == ["as the file has it"]
    assert "best point" not in map_picture(result).svg


@pytest.mark.parametrize(("fresh", "flatters"), [(99, True), (100, False)])
def test_a_figure_flatters_only_where_fresh_seeds_did_worse(fresh: int, flatters: bool):
    result = made_map()
    best = Best(row=2, column=3, seen=rate(10, 10), fresh=rate(fresh, 100))
    sentence = replace(result, best=best).verdict[2]
    assert ("10 of 10, a figure that flatters; the fresh" in sentence) == flatters
    assert ("10 of 10; the fresh" in sentence) != flatters


def test_the_commonest_outcome_is_not_called_most():
    # 4 solved, 3 diverged, 3 stuck: solved is the commonest outcome of less than half of the seeds.
    result = made_map()
    result.counts.runs[:] = np.array([4, 3, 0, 0, 3])[:, None, None]
    result.shares.runs[:] = result.counts.runs / 10
    assert result.verdict[-1] == (
        "Less than half of the seeds are solved in 100 % of the plane; the commonest outcome there is solved "
        "in 100 % of the plane."
    )
    result.shares.runs[:] = np.array([0.5, 0.5, 0, 0, 0])[:, None, None]
    assert result.verdict[-1] == "Nowhere in the plane are less than half of the seeds solved."
    told = (*result.verdict, map_picture(result, "outcome").title, map_html(result))
    assert not any("most seeds" in text for text in told)


def test_one_seed_is_not_seeds():
    result = made_map(seeds=1)
    counts = no_counts((6, 8), seeds=1)
    counts.runs[:] = np.array([1, 0, 0, 0, 0])[:, None, None]
    shares = Shares(runs=counts.runs * 1.0, epochs=counts.epochs)
    best = Best(row=2, column=3, seen=rate(1, 1), fresh=rate(1, 1))
    own = Own(x=0.1, y=0.1, solved=rate(1, 1))
    one = replace(result, counts=counts, shares=shares, best=best, own=own, how=replace(result.how, seeds=1))
    page = map_html(one)
    for text in (str(one), repr(one), page):
        assert "1 seeds" not in text
    assert "2-3-1 learns at 48 of 48 trained points: at least 90 % of 1 seed are solved there" in str(one)
    assert "1 of 1 seed (100.0 %, 5.0 to 100.0 %) is solved." in str(one)
    assert "0 at every point; the best point again on 1<" in page


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
    names = ("solved", "diverged", "vanishing", "standing_still", "stuck")
    total = sum(np.array(data[name]["k"]) for name in names)
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
    titles = [map_picture(result, measure).title for measure in MAP_MEASURES]
    assert titles == [
        "2-3-1: share of seeds solved",
        "2-3-1: epochs until solved",
        "2-3-1: share of seeds that diverge",
        "2-3-1: the commonest outcome",
    ]
    assert "learning rate (optimizer.lr, log scale)" in map_picture(result).svg
    with pytest.raises(TrainlabError) as raised:
        map_picture(result, "solve")  # type: ignore[arg-type]
    assert str(raised.value) == (
        "measure = 'solve': must be 'solved', 'epochs', 'diverged' or 'outcome'. Did you mean 'solved'?"
    )


def test_without_looking_when_runs_are_solved_there_are_no_epochs_to_show():
    base = Experiment.from_dict({**TINY.to_dict(), "record": {"solved_every": 0}})
    result = made_map(base=base)
    result.counts.epochs[:] = np.nan
    assert measures(result) == ["solved", "diverged", "outcome"]
    assert measures(made_map()) == list(MAP_MEASURES)
    with pytest.raises(TrainlabError) as raised:
        map_picture(result, "epochs")
    assert str(raised.value) == (
        "measure = 'epochs': when runs are solved wasn't looked at, as record.solved_every is 0; set it, as "
        "in solved_every = 10, for epochs until solved."
    )
    page = map_html(result)
    assert (
        "When runs are solved wasn&#x27;t looked at" in page
        or "When runs are solved wasn't looked at" in page
    )
    assert "runs were checked for being solved only at their end" in page
    assert "until solved</" not in page
    assert "none solved" not in map_picture(made_map(), "epochs").svg


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


def test_of_a_training_that_goes_on_it_says_which_one_the_settings_are_of():
    later = go_on(TINY, (Edit(path="loss", value="l1"),))
    (told,) = [each for each in made_map(base=later).verdicts if each.topic == "phases"]
    assert told.sentence == (
        "Its training goes on from another: lr and within are those of the last one alone."
    )
    assert "phases" not in {each.topic for each in made_map().verdicts}
