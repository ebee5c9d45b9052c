"""What a map may ask; everything wrong is said before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from studies.made_up import TINY, study_of

from trainlab.errors import SpecError
from trainlab.spec import experiment_to_toml
from trainlab.studies.maps.question import Question, ask, read_size

AXES = {"x": "lr=0.01..1", "y": "epochs=10..40"}


def asked(spec: Any = TINY, **options: Any) -> Question:
    return ask(spec, **{"size": (4, 3), "seeds": 8, "cell": None, **AXES, **options})


def test_a_point_is_the_experiment_with_both_values():
    question = asked()
    assert question.shape == (3, 4)
    point = question.at(2, 0)
    assert (point.epochs, point.optimizer.lr) == (40, 0.01)
    assert (point.network, point.loss, point.solved) == (TINY.network, TINY.loss, TINY.solved)
    assert (point.record.loss_every, point.record.gradient_every, point.record.solved_every) == (0, 0, 10)
    assert question.nearest(0.06, 24) == (1, 1)


def test_the_cell_of_a_study():
    study = study_of("A", "B", networks=("2-3-1", "2-4-1"))
    assert (asked(study, y="solved.within=0.1..0.4").cell) == "Net 1:none"
    chosen = asked(study, cell="Net 2:A+B", y="solved.within=0.1..0.4")
    assert (chosen.cell, chosen.name) == ("Net 2:A+B", "Net 2 with A and B")
    assert chosen.experiment.network.label == "2-4-1"


def test_a_file_of_a_study_or_of_an_experiment_or_an_example(tmp_path: Path):
    one = tmp_path / "one.toml"
    one.write_text(experiment_to_toml(TINY))
    assert asked(one).at(0, 0) == asked(TINY).at(0, 0)
    assert asked(one).name == "2-3-1"
    assert asked("xor44", cell="Model 3:A").experiment.network.layers == 8
    with pytest.raises(SpecError, match="no such file"):
        asked(tmp_path / "none.toml")
    one.write_text("network = 3")
    with pytest.raises(SpecError, match=r"one\.toml: network = 3: must be a table"):
        asked(one)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": "optimizer.lr=1..2"}, "x and y: both are optimizer.lr; a plane needs two different settings."),
        ({"seeds": 0}, "seeds = 0: must be a whole number ≥ 1"),
        ({"size": 8}, "size = 8: must be two whole numbers, the values along x and y, as in (64, 64)."),
        ({"size": (1, 9)}, "size = 1x9: must be at least 2x2 and at most 1,000,000 points."),
        ({"size": (1001, 1000)}, "size = 1001x1000: must be at least 2x2 and at most 1,000,000 points."),
        (
            {"x": "lr=-1..1"},
            "at optimizer.lr = -1, epochs = 10: optimizer.lr = -1.0: must be a finite number ≥ 0.",
        ),
        (
            {"y": "epochs=0..10"},
            "at optimizer.lr = 0.01, epochs = 0: epochs = 0: must be a whole number ≥ 1",
        ),
        ({"y": "widths.0=2..5"}, "the first width is 5, but the task 'xor' needs 2."),
        ({"y": "epochs=1..2e9"}, "epochs = 2000000000: must be a whole number"),
        ({"cell": "nothing"}, "network 'nothing': the study has no such network; it has '2-3-1'."),
    ],
)
def test_refused(options: dict[str, Any], message: str):
    with pytest.raises(SpecError) as raised:
        asked(**options)
    assert message in str(raised.value)


def test_a_limit_met_only_where_both_are_large_is_found_at_the_rim():
    single = {"name": "single", "steps_per_epoch": 4}
    from trainlab import Experiment

    base = Experiment.from_dict({**TINY.to_dict(), "sampling": single})
    with pytest.raises(SpecError, match="more than 1,000,000,000 steps"):
        asked(base, x="steps_per_epoch=1..1e5", y="epochs=1..1e5")


def test_a_cell_must_be_one():
    study = study_of("A", networks=("2-3-1", "2-4-1"))
    with pytest.raises(SpecError) as raised:
        asked(study, cell="Net 1")
    assert str(raised.value) == "cell = 'Net 1': means 2 cells; name one, as in 'Net 1:none' or 'Net 1:A'."


def test_sizes():
    assert read_size("64x48") == (64, 48)
    assert read_size(" 3 × 2 ") == (3, 2)
    for text in ("64", "64x", "x64", "64x48x2", "-3x4", "6.4x3", "", "9999999999x2"):
        with pytest.raises(SpecError, match="must be the numbers of values along x and y, as in 64x64"):
            read_size(text)
    with pytest.raises(SpecError, match="1,000,000 points"):
        read_size("2000x2000")
