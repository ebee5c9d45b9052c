"""Networks that play against each other: a generator that no optimizer has, and labels made by the script."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional

from trainlab.diagnosis import Report

pytestmark = pytest.mark.trains

GAN = """
import torch
from torch import nn

G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
D = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
{optimizers}
bce = nn.BCEWithLogitsLoss()
one, zero = torch.ones(32, 1), torch.zeros(32, 1)
for _ in range(80):
    fake = G(torch.randn(32, 4))
    od.zero_grad()
    (bce(D(torch.randn(32, 2)), one) + bce(D(fake.detach()), zero)).backward()
    od.step()
    loss = bce(D(fake), one)
    {turn}
"""
TURN = "og.zero_grad(); loss.backward(); og.step()"
COPIED = "og = torch.optim.Adam(D.parameters())\nod = torch.optim.Adam(D.parameters())"
SOUND = "og = torch.optim.Adam(G.parameters())\nod = torch.optim.Adam(D.parameters())"


def of_script(folder: Path, text: str) -> Report:
    path = folder / "gan.py"
    path.write_text(text, encoding="utf-8")
    return diagnosed(lambda: runpy.run_path(str(path), run_name="__main__"))


def test_the_optimizer_that_holds_the_other_networks_parameters_is_given_its_own(tmp_path: Path):
    report = of_script(tmp_path, GAN.format(optimizers=COPIED, turn=TURN))
    assert faults(report) == ["params_not_in_optimizer"]
    finding = report.findings[0]
    assert finding.where.startswith("G[0], G[2] (G[0].weight, ")
    assert finding.remedy == "Give og the parameters of G: od has those that it holds."
    assert finding.code.endswith("+ og = torch.optim.Adam(G.parameters())")


def test_a_network_without_an_optimizer_gets_one_of_its_own(tmp_path: Path):
    report = of_script(
        tmp_path, GAN.format(optimizers="od = torch.optim.Adam(D.parameters())", turn="loss.backward()")
    )
    assert faults(report) == ["params_not_in_optimizer"]
    assert report.findings[0].code == "optimizer_G = torch.optim.Adam(G.parameters(), …)"
    assert "--try" not in report.verdict


def test_nothing_is_found_where_each_has_its_own(tmp_path: Path):
    assert faults(of_script(tmp_path, GAN.format(optimizers=SOUND, turn=TURN))) == []


@pytest.mark.parametrize("way", ["made in the step", "kept", "in one step"])
def test_ones_and_zeros_in_turns_are_no_sorted_data(way: str):
    def train() -> None:
        critic = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(critic.parameters(), lr=0.01)
        kept = {True: torch.ones(32, 1), False: torch.zeros(32, 1)}
        for step in range(160):
            is_real = step % 2 == 0
            rows = torch.randn(32, 2) + 2 * is_real
            out = critic(rows)
            made = torch.ones_like(out) if is_real else torch.zeros_like(out)
            target = made if way == "made in the step" else kept[is_real]
            loss = functional.binary_cross_entropy_with_logits(out, target)
            loss.backward()
            if way != "in one step" or not is_real:
                optimizer.step()
                optimizer.zero_grad()

    assert "data_not_shuffled" not in faults(diagnosed(train))
