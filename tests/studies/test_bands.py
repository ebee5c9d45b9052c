"""Bands of the loss are of all seeds, also of those that keep no curve."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from studies.made_up import TINY

from trainlab import run
from trainlab.engine.runs import MISSING, decode, encode
from trainlab.spec import Study
from trainlab.stats import median_and_bands
from trainlab.studies import cells
from trainlab.studies.cells import CellResult, summarise

SEEDS = 60
BANDS = ("median", "low50", "high50", "low90", "high90")


def keeping(curves: int) -> CellResult:
    record = msgspec.structs.replace(TINY.record, curves=curves)
    return run(msgspec.structs.replace(TINY, record=record), seeds=SEEDS, workers=1).cells[0]


@pytest.fixture(scope="module")
def full() -> CellResult:
    return keeping(SEEDS)


def curve(item: CellResult, what: str) -> dict[str, Any]:
    return json.loads(json.dumps(item.to_dict()[what]))


def test_where_all_seeds_keep_their_curves_bands_are_theirs(full: CellResult) -> None:
    exact = median_and_bands(full.runs.loss_curve)
    for name in BANDS:
        np.testing.assert_array_equal(getattr(full.loss, name), getattr(exact, name))
    assert full.runs.coarse_loss.shape == (0, 3)
    assert (full.loss.n, full.loss_error) == (SEEDS, 0.0)
    assert curve(full, "loss_curve")["relative_error"] == 0
    assert curve(full, "loss_curve")["runs"] == curve(full, "gradient_curves")["runs"] == SEEDS


@pytest.mark.parametrize("curves", [0, 7, 59])
@pytest.mark.parametrize("part", [cells.PART, 11])
def test_else_of_all_seeds_to_within_what_is_said(
    curves: int, part: int, full: CellResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "PART", part)
    item = keeping(curves)
    rounded = median_and_bands(decode(encode(full.runs.loss_curve)))
    for name in BANDS:
        np.testing.assert_array_equal(getattr(item.loss, name), getattr(rounded, name))
        np.testing.assert_allclose(getattr(item.loss, name), getattr(full.loss, name), rtol=item.loss_error)
    assert (item.loss.n, item.loss_error) == (SEEDS, 2**-8)
    told = curve(item, "loss_curve")
    assert (told["runs"], told["relative_error"]) == (SEEDS, 2**-8)
    assert curve(item, "gradient_curves")["runs"] == curves == len(item.runs.gradient_curve)


def test_runs_without_losses_are_left_out_and_diverged_ones_are_not(full: CellResult) -> None:
    some = keeping(7)
    codes = some.runs.coarse_loss.copy()
    codes[:5] = MISSING
    codes[5:8, 1:] = encode(np.array([np.nan, np.inf]))
    item = summarise(Study(baseline=TINY).cells()[0], replace(some.runs, coarse_loss=codes))
    assert item.loss.n == SEEDS - 5
    assert item.loss.finite.tolist() == [SEEDS - 5, SEEDS - 8, SEEDS - 8]
    left = np.delete(full.runs.loss_curve[:, 0], np.s_[7:12])
    assert item.loss.median[0] == pytest.approx(np.median(left), rel=2**-8)


def test_where_no_losses_are_kept_there_are_no_bands() -> None:
    none = keeping(0)
    missing = replace(none.runs, coarse_loss=np.full_like(none.runs.coarse_loss, MISSING))
    item = summarise(Study(baseline=TINY).cells()[0], missing)
    assert item.loss.n == 0
    assert curve(item, "loss_curve")["median"] == [None, None, None]
