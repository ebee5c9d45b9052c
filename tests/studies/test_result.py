"""What a study returns: found by name, printed, shown, and as JSON."""

import json
from typing import Any

import numpy as np
import pytest
from studies.made_up import TINY, cells_of, flags, runs_of, study_of

from trainlab import Change, Experiment, Study, StudyResult, run, study
from trainlab.errors import SpecError
from trainlab.plain import finite
from trainlab.studies import effect_picture, rate_picture
from trainlab.studies.effects import effects_of


def no_constant(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def parsed(result: StudyResult) -> dict[str, Any]:
    return json.loads(result.to_json(), parse_constant=no_constant)


@pytest.fixture(scope="module")
def diverging() -> StudyResult:
    """Runs that all end at NaN: a linear output, a learning rate of a million."""
    return run(
        Experiment.from_dict(
            {
                **TINY.to_dict(),
                "network": {"widths": "2-3-1", "activation": "relu", "output_activation": "linear"},
                "optimizer": {"name": "sgd", "lr": 1e6},
                "init": {"weight": {"name": "normal"}},
            }
        ),
        seeds=8,
        workers=1,
    )


# Cells by name


def test_a_cell_is_found_by_its_changes_in_any_order(trained: StudyResult):
    assert trained.cell("2-3-1").cell.changes == ()
    assert trained.cell("2-3-1", "D", "A").cell.changes == ("A", "D")


def test_a_change_that_changes_nothing_is_still_a_cell_of_its_own():
    result = study(
        Study(baseline=TINY, changes=(Change.from_dict("A", {"loss": "mse"}),)), seeds=2, workers=1
    )
    assert result.cell("2-3-1", "A").cell.changes == ("A",)
    assert result.cell("2-3-1", "A").solved == result.cell("2-3-1").solved


def test_a_cell_that_is_not_there(trained: StudyResult, small: Study):
    with pytest.raises(SpecError, match=r"network '2-3': .* Did you mean '2-3-1'"):
        trained.cell("2-3")
    with pytest.raises(SpecError, match="change 'B'"):
        trained.cell("2-3-1", "B")
    part = study(small, seeds=2, only=[":none"], workers=1)
    with pytest.raises(
        SpecError, match=r"cell '2-3-1:A\+C': was left out of this run, which has '2-3-1:none'"
    ):
        part.cell("2-3-1", "A", "C")
    assert repr(part) == "<StudyResult 'A small study': 1 cell × 2 seeds>"


# JSON


def test_the_fields_of_the_json(trained: StudyResult):
    data = parsed(trained)
    assert list(data) == [
        "format",
        "title",
        "question",
        "answer",
        "measure",
        "splits",
        "networks",
        "changes",
        "cells",
        "effects",
        "ever_effects",
        "score_effects",
        "interactions",
        "verdicts",
        "notes",
        "data",
        "how",
        "fidelity",
        "retrained",
        "until_width",
    ]
    assert data["format"] == 1
    assert data["networks"] == [{"name": "2-3-1", "widths": "2-3-1", "parameters": 13}]
    assert len(data["cells"]) == 8
    cell = data["cells"][4]
    assert (cell["network"], cell["changes"]) == ("2-3-1", ["A", "C"])
    assert list(cell) == [
        "network",
        "changes",
        "fingerprint",
        "epochs",
        "solved",
        "diverged",
        "right",
        "final_loss",
        "accuracy",
        "held_out_accuracy",
        "held_out_loss",
        "splits",
        "stopped",
        "stopped_epoch",
        "first_solved_epoch_median",
        "ever",
        "stayed",
        "unlearnt",
        "ever_epoch",
        "loss_curve",
        "gradient_curves",
        "failures",
        "why",
    ]
    assert list(cell["solved"]) == list(cell["diverged"]) == list(cell["right"]) == ["k", "n", "low", "high"]
    assert list(cell["final_loss"]) == list(cell["accuracy"]) == ["q05", "q25", "median", "q75", "q95"]
    assert list(cell["loss_curve"]) == ["epochs", "runs", "relative_error", "median", "low90", "high90"]
    assert list(cell["gradient_curves"]) == ["epochs", "runs", "median_by_layer"]
    assert list(data["how"]) == ["engine", "engine_reason", "first_seed", "seeds", "versions", "time"]
    effect = data["effects"][0]
    assert (effect["network"], effect["change"]) == ("2-3-1", "A")
    for kind in ("alone", "main"):
        assert {"estimate", "low", "high"} <= set(effect[kind])
        assert effect[kind]["low"] <= effect[kind]["estimate"] <= effect[kind]["high"]
    assert [item["changes"] for item in data["interactions"]] == [["A", "C"], ["A", "D"], ["C", "D"]]
    assert {"topic", "statement", "outcome", "sentence", "single_run_opposite", "share", "sides"} == set(
        data["verdicts"][0]
    )


def test_the_numbers_of_a_cell_are_those_of_its_runs(trained: StudyResult):
    item = trained.cell("2-3-1", "D")
    data, runs = item.to_dict(), item.runs
    assert data["solved"]["k"] == int(
        (np.abs(runs.predictions - TINY.data().targets) < 0.1).all((1, 2)).sum()
    )
    assert data["right"]["k"] == int((np.abs(runs.predictions - TINY.data().targets) < 0.5).all((1, 2)).sum())
    assert data["final_loss"]["median"] == pytest.approx(float(np.median(runs.loss)))
    assert data["loss_curve"]["epochs"] == [0, 10, 20, 30, 40, 50, 60]
    assert data["loss_curve"]["median"] == pytest.approx(np.median(runs.loss_curve, axis=0).tolist())
    for layer, median in enumerate(data["gradient_curves"]["median_by_layer"]):
        assert median == pytest.approx(np.median(runs.gradient_curve[:, :, layer], axis=0).tolist())
    assert data["solved"]["k"] <= data["right"]["k"]
    assert data["failures"]["failed"] == 24 - data["solved"]["k"] - data["diverged"]["k"]
    assert data["fingerprint"] == runs.experiment.fingerprint


def test_a_diverging_experiment_is_a_result(diverging: StudyResult):
    item = diverging.cells[0]
    assert item.diverged.k == 8
    assert item.solved.k == item.right.k == item.causes.failed == 0
    data = parsed(diverging)["cells"][0]
    assert data["diverged"]["k"] == 8
    assert data["final_loss"] == dict.fromkeys(("q05", "q25", "median", "q75", "q95"))
    assert data["first_solved_epoch_median"] is None
    assert data["loss_curve"]["median"][-1] is None
    assert data["failures"]["vanishing"] is None


def test_its_text_has_no_number_that_json_lacks(diverging: StudyResult):
    text = diverging.to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert text.endswith("}\n")
    assert "8 seeds" in str(diverging)


def test_finite_replaces_only_what_is_not():
    nan, inf = float("nan"), float("inf")
    data = {"a": [1, 2.5, nan, [inf, -inf]], "b": {"c": nan, "d": "nan", "e": None, "f": True}}
    expected = {"a": [1, 2.5, None, [None, None]], "b": {"c": None, "d": "nan", "e": None, "f": True}}
    assert finite(data) == expected


# Text and pictures


def test_a_result_prints_its_answer(trained: StudyResult):
    lines = str(trained).splitlines()
    assert lines[:2] == ["A small study: 8 cells × 24 seeds", trained.answer]
    # Each change stands in one of the lines on what helps, hurts, or isn't seen to do either.
    told = " ".join(lines[2:])
    assert all(f" {change}" in told for change in "ACD")


def test_a_result_shows_itself_in_a_notebook(trained: StudyResult):
    html = trained._repr_html_()
    assert "<h3>A small study</h3>" in html
    verdicts = html[html.index("All verdicts and cells") :]
    assert verdicts.count("<li>") == len(trained.verdicts)
    assert html.index("<table") < html.index("All verdicts and cells") < html.index("<svg")
    assert (html.count("<svg"), html.count("<table")) == (1, 2)


def test_what_the_user_wrote_is_escaped(small: Study):
    result = study(Study(baseline=TINY, title="<b>&</b>"), seeds=1, workers=1)
    assert "<h3>&lt;b&gt;&amp;&lt;/b&gt;</h3>" in result._repr_html_()


def test_the_picture_of_rates_has_a_row_a_combination(trained: StudyResult):
    rows = rate_picture(trained).data["rows"]
    assert [row[0] for row in rows] == ["none", "A", "C", "D", "A+C", "A+D", "C+D", "A+C+D"]


def test_the_picture_of_effects_says_who_helps(trained: StudyResult, diverging: StudyResult):
    assert effect_picture(diverging, kind="main") is None
    for kind in ("main", "alone"):
        picture = effect_picture(trained, kind=kind)
        assert picture is not None
        assert len(picture.data["rows"]) == 3


def test_the_picture_of_effects_tells_help_from_hurt(trained: StudyResult):
    plan = study_of("A", "B")

    def make(cell):
        k = 50 + 40 * ("A" in cell.changes) - 40 * ("B" in cell.changes)
        return runs_of(cell.experiment, flags((k, True), (100 - k, False)))

    cells = cells_of(plan, make)
    effects, interactions = effects_of(plan, cells)
    made = StudyResult(
        study=plan, cells=cells, effects=effects, interactions=interactions, verdicts=(), how=trained.how
    )
    picture = effect_picture(made, kind="main")
    assert picture is not None
    told = [" ".join(str(value) for value in row) for row in picture.data["rows"]]
    assert "helps" in told[0]
    assert "hurts" in told[1]
