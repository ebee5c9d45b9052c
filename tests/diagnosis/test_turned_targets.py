# pyright: basic
"""Masks that an augmentation left behind: which way round they fit, with maps of other rows as placebo."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from diagnosis.watched import diagnosed
from torch import nn

from trainlab.diagnosis import Report
from trainlab.diagnosis.judge.recipe import ALWAYS
from trainlab.diagnosis.probe.turned_targets import TURNS, turned_of, turned_targets

Floats = npt.NDArray[np.float64]
SIDE = 16


def pairs(rows: int, seed: int = 0, *, contrast: float = 1.5) -> tuple[Floats, Floats]:
    """Return noisy pictures of discs, and where these are."""
    draw = np.random.default_rng(seed)
    at = np.indices((SIDE, SIDE))
    centres = draw.uniform(2, SIDE - 2, (rows, 2, 1, 1))
    masks = (((at[None] - centres) ** 2).sum(1) < draw.uniform(2, 4, (rows, 1, 1)) ** 2).astype(float)
    pictures = contrast * masks + draw.normal(size=masks.shape) + draw.normal(size=(rows, 1, 1))
    return pictures[:, None], masks


def turned(maps: Floats, ways: tuple[str, ...], seed: int = 1) -> Floats:
    chosen = np.random.default_rng(seed).choice(len(ways), len(maps))
    return np.stack([TURNS[ways[at]](one) for at, one in zip(chosen, maps, strict=True)])


def test_maps_that_go_with_their_pictures_fit_as_they_are():
    for seed in range(20):
        found = turned_of(*pairs(128, seed))
        assert found is not None
        assert found.rows > 60
        assert found.turned == 0


@pytest.mark.parametrize("way", [one for one in TURNS if one != "as it is"])
def test_each_way_of_turning_pictures_alone_is_told(way: str):
    pictures, masks = pairs(128)
    given = turned(pictures, ("as it is", way))
    found = turned_of(given, masks)
    assert found is not None
    assert 0.35 < found.turned / found.rows < 0.65
    assert found.by_turn[way] > 0.9 * found.turned


def test_dark_objects_and_other_channels_are_told_as_well():
    pictures, masks = pairs(128)
    noise = np.random.default_rng(5).normal(size=pictures.shape)
    found = turned_of(
        turned(np.concatenate([noise, -pictures], 1), ("as it is", "mirrored upside down")), masks
    )
    assert found is not None
    assert found.turned > 0.3 * found.rows


def kept(inputs: torch.Tensor, target: torch.Tensor, *, named: bool = False) -> Any:
    given = ((), {"x": inputs}) if named else ((inputs,), {})
    return SimpleNamespace(given=given, target=target, by_row=True)


def batches(size: int, *, epochs: int, along: bool, made: Callable[[Any, Any], Any] = kept) -> list[Any]:
    """Return batches of the same 64 rows in the same order, mirrored anew each time."""
    pictures, masks = (torch.from_numpy(one) for one in pairs(64))
    found, draw = list[Any](), torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for rows in torch.arange(64).split(size):
            flips = torch.rand(size, generator=draw) < 0.5
            x = torch.where(flips[:, None, None, None], pictures[rows].flip(-1), pictures[rows])
            y = torch.where(flips[:, None, None] & along, masks[rows].flip(-1), masks[rows])
            found.append(made(x, y))
    return found


FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "a float a place": kept,
    "a channel of them": lambda x, y: kept(x, y[:, None]),
    "classes": lambda x, y: kept(x, y.long()),
    "one-hot channels": lambda x, y: kept(x, torch.stack([0 * y, 1 - y, y], 1)),
    "flattened": lambda x, y: kept(x, y.flatten(1)),
    "the network called by keyword": lambda x, y: kept(x, y, named=True),
    "large pictures": lambda x, y: kept(
        *(one.repeat_interleave(5, -1).repeat_interleave(5, -2) for one in (x, y))
    ),
}


@pytest.mark.parametrize("size", [2, 16])
@pytest.mark.parametrize("made", FORMS.values(), ids=FORMS)
def test_batches_in_their_order_and_targets_of_each_form(made: Callable[[Any, Any], Any], size: int):
    for along in (False, True):
        found = turned_targets(batches(size, epochs=2, along=along, made=made))
        assert found is not None
        assert found.turned == 0 if along else 0.3 < found.turned / found.rows < 0.8


def test_what_is_always_turned_may_be_meant():
    pictures, masks = pairs(128)
    found = turned_of(pictures.swapaxes(-2, -1), masks)
    assert found is not None
    assert found.by_turn["transposed"] > ALWAYS * found.rows


def symmetric(maps: Floats) -> Floats:
    return np.maximum(maps, maps[..., ::-1])


def smooth(seed: int) -> Floats:
    fields = np.random.default_rng(seed).normal(size=(128, 1, 32, 32))
    for axis in (2, 3):
        fields = np.stack([np.roll(fields, by, axis) for by in (-2, -1, 0, 1, 2)]).sum(0)
    return fields


SILENT: dict[str, Callable[[int], tuple[Floats, Floats]]] = {
    "maps that have nothing to do with their pictures": lambda seed: (pairs(128, seed)[0], pairs(128, 99)[1]),
    "one layout in all rows": lambda seed: (
        pairs(1, 3)[0] + np.random.default_rng(seed).normal(size=(128, 1, SIDE, SIDE)),
        np.repeat(pairs(1, 3)[1], 128, 0),
    ),
    "noise": lambda seed: (
        np.random.default_rng(seed).normal(size=(128, 1, SIDE, SIDE)),
        np.random.default_rng(seed + 500).normal(size=(128, SIDE, SIDE)),
    ),
    "the picture as it moves on": lambda seed: (moved := smooth(seed), np.roll(moved[:, 0], 6, axis=2)),
    "few rows": lambda seed: pairs(8, seed),
}


@pytest.mark.parametrize("made", SILENT.values(), ids=SILENT)
def test_where_nothing_tells_nothing_is_said(made: Callable[[int], tuple[Floats, Floats]]):
    assert [turned_of(*made(seed)) for seed in range(20)] == [None] * 20


def test_maps_that_look_the_same_mirrored_accuse_nobody():
    pictures, masks = pairs(128)
    found = turned_of(symmetric(pictures), symmetric(masks))
    assert found is None or found.turned < 0.1 * found.rows


def segmented(*, along: bool, classes: bool) -> Report:
    """Train a small network on pictures that are mirrored at random, with their masks or without."""

    def training() -> None:
        draw = torch.Generator().manual_seed(0)
        pictures, masks = (torch.from_numpy(one).float() for one in pairs(64))
        network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1 + classes, 1))
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(6):
            for rows in torch.randperm(64, generator=draw).split(16):
                flips = torch.rand(16, generator=draw) < 0.5
                x, y = pictures[rows], masks[rows]
                x = torch.where(flips[:, None, None, None], x.flip(-1), x)
                y = torch.where(flips[:, None, None], y.flip(-1), y) if along else y
                optimizer.zero_grad()
                out = network(x)
                if classes:
                    loss = nn.functional.cross_entropy(out, y.long())
                else:
                    loss = nn.functional.binary_cross_entropy_with_logits(out, y[:, None])
                loss.backward()
                optimizer.step()

    report = diagnosed(training)
    assert report.troubles == ()
    return report


@pytest.mark.trains
@pytest.mark.parametrize("classes", [False, True], ids=["logits", "classes"])
@pytest.mark.parametrize("along", [False, True], ids=["pictures alone", "with masks"])
def test_the_recipe_says_whether_masks_are_mirrored_with_their_pictures(along: bool, classes: bool):
    report = segmented(along=along, classes=classes)
    (asked,) = [one for one in report.recipe if one["question"].startswith("targets that are maps")]
    assert (asked["answer"] == "yes") is along
    assert ("mirrored left to right" in asked["words"]) is not along
