"""Any number of an experiment can be an axis: each point is what training its experiment alone gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trainlab import Experiment, map_plane, run
from trainlab.spec.field_paths import check_path
from trainlab.studies.maps.question import WORDS

BASE: dict[str, Any] = {
    "network": {"widths": "2-3-1", "output_activation": "linear"},
    "optimizer": {"name": "adam", "lr": 0.1},
    "epochs": 20,
    "record": {"solved_every": 5},
    "solved": {"loss": 0.245},
}
PLANES: dict[str, tuple[dict[str, Any], str, str]] = {
    "schedule": ({"schedule": {"name": "step", "step_size": 5}}, "step_size=2..9", "gamma=0.1..0.9"),
    "clip and noise": ({"clip": {"norm": 1.0}}, "clip.norm=1e-3..1", "noise.std=0..0.5"),
    "mini-batches": ({"sampling": "batch"}, "batch_size=1..4", "penalty.l2=0..0.1"),
    "layers": (
        {
            "network": {**BASE["network"], "dropout": [0.1]},
            "init": {"weight": ["default", {"name": "normal"}]},
        },
        "dropout.0=0..0.5",
        "weight.1.std=0.1..2",
    ),
    "look-ahead": ({"schedule": "cosine_annealing"}, "epochs=10..20", "eta_min=0..0.1"),
    "plateau": ({"schedule": "reduce_on_plateau"}, "schedule.patience=0..3", "schedule.factor=0.1..0.9"),
}


@pytest.mark.trains
@pytest.mark.parametrize(("parts", "x", "y"), PLANES.values(), ids=PLANES)
def test_a_point_is_what_its_experiment_gives(parts: dict[str, Any], x: str, y: str):
    base = Experiment.from_dict({**BASE, **parts})
    found = map_plane(base, x=x, y=y, size=(2, 2), seeds=4, engine="reference", workers=1)
    ends: set[bytes] = set()
    for row in (0, 1):
        for column in (0, 1):
            alone = run(found.question.at(row, column), seeds=4, engine="reference", workers=1).cells[0].runs
            ends.add(alone.loss.tobytes())
            assert found.counts.runs[:2, row, column].tolist() == [alone.solved.sum(), alone.diverged.sum()]
            epochs = alone.solved_epoch[alone.solved]
            median = np.median(epochs) if len(epochs) else np.nan
            np.testing.assert_equal(found.counts.epochs[row, column], median)
    assert len(ends) == 4
    assert 0 < found.counts.runs[0].sum() < 16


@pytest.mark.parametrize("field", WORDS)
def test_a_field_that_has_words_is_one(field: str):
    check_path(field)
