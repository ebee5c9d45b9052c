from __future__ import annotations

import msgspec
import pytest
from web.experiments import sent, xor

import trainlab
from trainlab import Experiment, TrainlabError
from trainlab.spec import with_values
from trainlab.web.answers import plane
from trainlab.web.answers.plane import answer_plane
from trainlab.web.questions import Asked, Limits, Plane


def asked(cells: list[tuple[int, int]], *, limits: Limits | None = None, seeds: int = 16, **axes: object):
    question = msgspec.convert(
        {
            "ask": "plane",
            "experiment": xor(),
            "x": {"path": "optimizer.lr", "values": [0.001, 0.05]},
            "y": {"path": "epochs", "values": [150, 160]},
            "cells": cells,
            "seeds": seeds,
            **axes,
        },
        Asked,
    )
    assert isinstance(question, Plane)
    return sent(answer_plane(question, limits or Limits()))


CELLS = [(1, 1), (0, 0), (1, 0)]


def test_counts_are_those_of_trainlab_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plane, "FRAME_SECONDS", 0.0)
    frames = asked(CELLS)
    assert [header["done"] for header, _ in frames] == [1, 2, 3]
    assert [header["last"] for header, _ in frames] == [False, False, True]
    header, arrays = frames[-1]
    assert arrays["cells"].tolist() == [list(cell) for cell in CELLS]
    for (x, y), k in zip(CELLS, arrays["k"], strict=True):
        values = {"optimizer.lr": (0.001, 0.05)[x], "epochs": (150, 160)[y]}
        experiment = with_values(Experiment.from_dict(xor()), values)
        assert k == trainlab.run(experiment, seeds=16).cells[0].solved.k
    assert arrays["k"][0] > arrays["k"][1]
    assert header["x"] == {"path": "optimizer.lr", "words": "learning rate", "values": [0.001, 0.05]}
    assert header["y"]["values"] == [150, 160]


def test_seeds_begin_where_asked():
    _, arrays = asked([(1, 1)], first_seed=16)[-1]
    experiment = Experiment.from_dict(xor(epochs=160))
    assert arrays["k"][0] == trainlab.run(experiment, seeds=32).cells[0].runs.solved[16:].sum()


def test_a_cell_that_can_t_be_trained_says_why():
    widths = {"path": "network.widths.2", "values": [1, 2]}
    header, arrays = asked([(0, 0), (1, 0)], x=widths)[-1]
    assert arrays["k"][0] >= 0
    assert arrays["k"][1] == -1
    (refused,) = header["refused"]
    assert refused["cell"] == [1, 0]
    assert refused["words"].startswith(
        "network.widths = '2-3-2': the last width is 2, but the task 'xor' needs 1"
    )


def test_a_cell_that_is_too_large_is_never_made():
    experiment = xor(task={"name": "circles", "points": 8})
    points = {"path": "task.points", "values": [8, 9_000_000]}
    header, arrays = asked([(0, 0), (1, 0)], experiment=experiment, x=points)[-1]
    assert arrays["k"].tolist()[1] == -1
    assert "task.points: 9,000,000 examples, and at most 10,000" in header["refused"][0]["words"]


def test_a_field_left_out_can_be_set():
    experiment = xor(sampling="single")
    steps = {"path": "sampling.steps_per_epoch", "values": [1, 8]}
    _, arrays = asked([(0, 0), (1, 1)], experiment=experiment, x=steps)[-1]
    assert arrays["k"].min() >= 0


def test_the_sentence_counts_settings():
    header, arrays = asked(CELLS)[-1]
    often, never = (arrays["k"] >= 0.9 * 16).sum(), (arrays["k"] == 0).sum()
    assert header["sentence"] == (
        f"Of 3 settings, {often} solve it on at least 90 % of 16 seeds, and {never} on none."
    )


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"x": {"path": "epochs", "values": [50]}}, "x and y: both are epochs; a plane needs two different"),
        ({"x": {"path": "lr_", "values": [1]}}, "x: 'lr_': no numeric field of this experiment; it has"),
        ({"y": {"path": "epochs", "values": [1.5]}}, "y = 1.5: epochs takes whole numbers."),
        ({"cells": [[0, 2]]}, r"cells: \[0, 2\] is outside of the plane; y has 2."),
        (
            {"limits": Limits(work=1_000_000), "seeds": 16, "cells": [(0, 0), (0, 1), (1, 0), (1, 1)]},
            "cells: 4 cells are 1.2 times the work that a question may take here; ask for fewer cells or",
        ),
    ],
)
def test_a_plane_that_can_t_be_is_refused(question: dict, message: str):
    with pytest.raises(TrainlabError, match=f"^{message}"):
        asked(**{"cells": CELLS, **question})


def test_what_the_cells_continue_counts():
    first = xor(after=xor(epochs=9_000))
    one = asked([(0, 0)], experiment=first, limits=Limits(work=5_000_000), seeds=8)
    assert one[-1][1]["k"].min() >= 0
    with pytest.raises(TrainlabError, match=r"^cells: 2 cells are 1\.\d times the work"):
        asked([(0, 0), (1, 0)], experiment=first, limits=Limits(work=5_000_000), seeds=8)
