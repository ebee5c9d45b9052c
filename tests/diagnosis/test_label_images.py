# pyright: basic
"""Targets with several axes are read in all columns, whatever the width."""

from __future__ import annotations

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional


def squares(side: int, *, flat: bool = False) -> None:
    """Train to tell a bright square in the middle from the dark around it."""
    labels = torch.zeros(16, side, side, dtype=torch.long)
    labels[:, side // 4 : side // 2, side // 4 : side // 2] = 1
    images = labels[:, None] + 0.1 * torch.randn(16, 1, side, side)
    model = nn.Conv2d(1, 2, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(70):
        optimizer.zero_grad()
        out = model(images)
        if flat:
            loss = functional.cross_entropy(out.movedim(1, -1).flatten(0, 2), labels.flatten())
        else:
            loss = functional.cross_entropy(out, labels)
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize("flat", [False, True])
def test_label_images_as_wide_as_a_power_of_two_show_all_their_classes(flat: bool):
    report = diagnosed(lambda: squares(32, flat=flat))
    assert faults(report) == []
    assert report.outcome["state"] == "learnt"


def test_a_prompt_that_the_loss_leaves_out_hides_no_answers():
    def train() -> None:
        tokens = torch.randint(1, 6, (256, 8))
        targets = torch.full_like(tokens, -100)
        targets[:, 4:] = tokens[:, 4:]
        model = nn.Embedding(6, 6)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        for _ in range(70):
            optimizer.zero_grad()
            functional.cross_entropy(model(tokens).flatten(0, 1), targets.flatten()).backward()
            optimizer.step()

    outcome = diagnosed(train).outcome
    assert outcome["state"] == "learnt"
    assert outcome["reached"] == 1


def test_masks_of_yes_and_no_show_both():
    def train() -> None:
        masks = torch.zeros(16, 1, 64, 64)
        for place, mask in enumerate(masks):
            mask[:, place : place + 40, 20:30] = 1
        images = masks + 0.1 * torch.randn_like(masks)
        model = nn.Conv2d(1, 1, 1)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.3)
        for _ in range(70):
            optimizer.zero_grad()
            functional.binary_cross_entropy_with_logits(model(images), masks).backward()
            optimizer.step()

    report = diagnosed(train)
    assert faults(report) == []
    assert report.outcome["state"] == "learnt"
