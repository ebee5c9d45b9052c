"""A study on several splits: which runs it has, what is concluded over them, and what one split allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats
from studies.made_up import study_of
from studies.scored import CIRCLES, near, scored, split_scored

import trainlab
from trainlab.errors import SpecError
from trainlab.report import study_html
from trainlab.spec import Study, study_from_dict, study_from_toml, study_to_dict, study_to_toml
from trainlab.studies.answer_by_score import answer_of

SPLITS, SEEDS = 10, 4
DRAW = np.random.default_rng(3)
ROUGH = DRAW.normal(scale=0.03, size=(SPLITS, 1)) + DRAW.normal(scale=0.01, size=(SPLITS, SEEDS))
"""What splits and seeds do to an accuracy."""


def trained(splits: int = 3, **fields: Any) -> Study:
    study = study_of("A", ask=(), **{**CIRCLES, "epochs": 4, **fields})
    return msgspec.structs.replace(study, splits=splits, seeds=2)


def test_each_split_holds_out_other_rows_and_has_other_seeds(tmp_path: Path) -> None:
    study = trained()
    result = trainlab.study(study, store=tmp_path, workers=1)
    for item in result.cells:
        assert [runs.experiment.split.seed for runs in item.splits] == [0, 1, 2]
        assert [runs.seeds for runs in item.splits] == [range(2), range(1000, 1002), range(2000, 2002)]
        held = [runs.experiment.data().held_out_inputs.tolist() for runs in item.splits]
        assert held[0] != held[1] != held[2]
        assert item.solved.n == item.count == 6
    assert result.run_count == 12
    assert str(result).startswith("A study: 2 cells × 3 splits × 2 seeds")
    # What is stored isn't trained again, and the first split's runs are those of the study without others.
    again = trainlab.study(study, store=tmp_path, workers=1)
    assert again.how.trained_steps == 0
    one = trainlab.study(msgspec.structs.replace(study, splits=1), store=tmp_path, workers=1)
    assert one.how.trained_steps == 0
    assert one.cells[0].runs.loss.tolist() == again.cells[0].runs.loss.tolist()
    assert one.cells[0].further == ()
    more = trainlab.study(study, seeds=3, only=[":A"], store=tmp_path, workers=1)
    steps = study.cells()[1].experiment
    assert more.how.trained_steps == 3 * steps.epochs * steps.steps_per_epoch


def test_frames_and_json_tell_the_splits() -> None:
    result = split_scored({(): 0.7 + ROUGH, ("A",): 0.8 + ROUGH}, "A")
    runs = result.to_frame("runs", library="polars")
    assert runs["split"].to_list()[: SEEDS + 1] == [0] * SEEDS + [1]
    assert len(runs) == 2 * SPLITS * SEEDS
    assert set(result.to_frame("effects", library="polars")["n"]) == {SPLITS}
    assert "split" not in scored({(): near(0.8)}).to_frame("runs", library="polars").columns
    told = result.to_dict()
    assert (told["splits"], told["measure"]["splits"], len(told["measure"]["guesses"])) == (10, 10, 10)
    first = told["cells"][0]["splits"][0]
    assert first["held_out_accuracy"] == pytest.approx(float((0.7 + ROUGH)[0].mean()), abs=1e-6)
    assert first["seed"] == 0


def test_an_effect_is_the_mean_over_splits_with_the_corrected_t() -> None:
    draw = np.random.default_rng(5)
    gain = 0.06 + draw.normal(scale=0.02, size=(SPLITS, 1)) + np.zeros((SPLITS, SEEDS))
    result = split_scored({(): 0.7 + ROUGH, ("A",): 0.7 + ROUGH + gain}, "A")
    (effect,) = result.score_effects
    assert effect.alone is not None
    value, means = effect.alone.value, gain.mean(axis=1)
    assert value.estimate == pytest.approx(means.mean(), abs=1e-6)
    # 40 rows held out, 60 trained on; one row of 40 is the least spread.
    spread = max(means.std(ddof=1), 1 / 40)
    half = stats.t.ppf(0.975, SPLITS - 1) * spread * np.sqrt(1 / SPLITS + 40 / 60)
    assert value.high - value.estimate == pytest.approx(half, abs=1e-6)
    told = next(item for item in result.verdicts if item.topic == "change")
    assert (told.outcome, "split" in told.sentence) == ("upheld", False)
    assert "median of 10 splits × 4 seeds" in answer_of(result).title


def test_what_the_seeds_of_one_split_make_sure_other_splits_can_leave_open() -> None:
    gains = np.array([0.05, -0.06, 0.02, -0.05, 0.04, -0.02, 0.01, -0.04, 0.03, 0.0])[:, None]
    seeds = near(0.0, n=200, spread=0.01)
    base = 0.7 + seeds + np.zeros((SPLITS, 1))
    first = scored({(): base[0], ("A",): base[0] + gains[0]}, "A")
    several = split_scored({(): base, ("A",): base + gains}, "A")
    assert first.verdicts[0].outcome == "upheld"
    assert "A helps Net 1 (2-3-1) on this one split's rows: +5.0 points" in first.answer
    assert first.verdicts[0].statement == "Change A (change A) helps Net 1 on this one split's rows."
    words = answer_of(first)
    assert words.effects_title.endswith(", on one split")
    assert "splits = 20 in the study file draws them twenty times" in " ".join(words.remarks)
    assert several.verdicts[0].outcome == "mixed"
    assert several.answer.startswith("No change is seen to make a difference to the held-out accuracy.")
    assert "split" not in several.verdicts[0].statement


def test_beside_the_guess_each_split_is_held_against_its_own() -> None:
    result = split_scored({(): 0.95 + ROUGH, ("A",): 0.95 + ROUGH}, "A")
    measure = result.measure
    assert measure is not None
    guesses = []
    for runs in result.cells[0].splits:
        data = runs.experiment.data()
        place = bool(data.targets.mean() > 0.5)
        guesses.append(float((data.held_out_targets[:, 0] == place).mean()))
    assert measure.guesses == pytest.approx(guesses)
    assert measure.guess == pytest.approx(np.mean(guesses))
    told = next(item for item in result.verdicts if item.topic == "score")
    assert told.outcome == "upheld"
    lead = (0.95 + ROUGH).mean(axis=1) - guesses
    assert f"{100 * lead.mean():+.1f} points" in told.sentence
    # The classes' shares among the rows trained on change sides, so none is named.
    assert "always answering the commonest class" in told.sentence
    same = split_scored({(): measure.guess + 0 * ROUGH})
    assert next(item for item in same.verdicts if item.topic == "score").outcome == "mixed"


def test_what_is_clear_alone_is_not_hidden_behind_the_average() -> None:
    base, worse = 0.8 + ROUGH, 0.65 + ROUGH
    swing = np.array([0.2, -0.05] * (SPLITS // 2))[:, None]
    result = split_scored({(): base, ("A",): base, ("B",): worse, ("A", "B"): 0.85 + ROUGH + swing}, "A", "B")
    effect = result.score_effects[1]
    assert effect.alone is not None
    assert effect.main is not None
    assert (effect.alone.reading, effect.main.reading) == ("hurts", "no difference seen")
    words = "averaged over the other change no difference is seen"
    assert "No change is seen to make a difference" not in result.answer
    assert "Alone B hurts Net 1 (2-3-1): −15.0 points" in result.answer
    assert words in result.answer
    lines = dict(answer_of(result).effects)
    assert lines["Alone"].startswith("B hurts Net 1 (2-3-1): −15.0 points (")
    assert lines["Alone"].endswith(words)
    assert "B" not in lines.get("Open", "")


def test_what_comes_nearest_to_being_seen_is_told() -> None:
    draw = np.random.default_rng(9)
    worse = 0.7 + ROUGH - 0.09 + draw.normal(scale=0.055, size=(SPLITS, 1))
    same = {(): 0.7 + ROUGH, ("A",): 0.7 + ROUGH, ("B",): worse, ("A", "B"): worse}
    result = split_scored(same, "A", "B")
    alone = result.score_effects[1].alone
    assert alone is not None
    # By itself the interval leaves out 0; as one of two it isn't enough.
    assert alone.value.high < 0
    assert alone.reading == "no difference seen"
    assert f"Nearest to it comes B alone on Net 1: {alone.value}, p = {alone.p_adjusted:.2g}" in result.answer
    assert "as one of 2 read together." in result.answer
    assert "B " in dict(answer_of(result).effects)["Open"]


def test_what_is_open_is_no_claim() -> None:
    result = split_scored({(): 0.7 + ROUGH, ("A",): 0.7 - ROUGH}, "A")
    (told,) = [item for item in result.verdicts if item.topic == "change"]
    assert told.claim == "Open: whether change A (change A) helps Net 1."
    assert str(told).startswith("Open: whether change A (change A) helps Net 1. MIXED.")


def test_the_page_speaks_of_the_measure_and_of_runs() -> None:
    four = {(): 0.7 + ROUGH, ("A",): 0.8 + ROUGH, ("B",): 0.7 + ROUGH, ("A", "B"): 0.8 + ROUGH}
    text = study_html(split_scored(four, "A", "B"))
    assert "4 cells × 10 splits × 4 seeds = 160 runs" in text
    assert "Interactions of two changes" not in text
    assert "A solved and an unsolved run" not in text
    assert "runs failed" not in text
    assert "split seeds 0 to 9" in text
    assert "solved" in study_html(split_scored(four, "A", "B", solved=2))


def test_a_file_says_how_many_splits_and_those_without_stay_as_they_were() -> None:
    study = trained(4)
    assert study_from_toml(study_to_toml(study)) == study
    assert study_from_dict(study_to_dict(study)).splits == 4
    assert "splits" not in study_to_dict(msgspec.structs.replace(study, splits=1))
    assert repr(study) == "<Study 'a study': 2 cells × 4 splits × 2 seeds>"


@pytest.mark.parametrize(
    ("fields", "splits", "words"),
    [
        ({}, 0, "splits = 0: must be"),
        ({}, 1001, "splits = 1001: must be a whole number"),
        ({"split": {"held_out": 0.0}}, 3, "splits = 3: draws other held-out rows each time, but Net 1:none"),
        ({"split": {"held_out": 0.4, "seed": 2**63 - 2}}, 3, "leaves no room for so many seeds after it"),
    ],
)
def test_what_it_refuses(fields: dict[str, Any], splits: int, words: str) -> None:
    with pytest.raises(SpecError, match="splits") as told:
        trained(splits, **fields)
    assert words in str(told.value)


def test_cells_that_cannot_be_compared_are_refused_before_anything_runs() -> None:
    base = trained(3).baseline.to_dict()
    rows = {"B": {"set": {"split": {"held_out": 0.2}}}}
    with pytest.raises(SpecError, match="Net:B has another task or split than Net:none"):
        study_from_dict({"baseline": base, "networks": {"Net": "2-3-1"}, "changes": rows, "splits": 3})
    curve = {**base, "task": {"name": "curve"}, "loss": "mse", "network": "1-3-1"}
    losses = {"B": {"set": {"loss": "l1"}}}
    study = study_from_dict({"baseline": curve, "networks": {"Net": "1-3-1"}, "changes": losses, "splits": 3})
    with pytest.raises(SpecError, match="splits = 3: over several splits cells are compared"):
        trainlab.study(study)
