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
        kept = {True: torch.ones(128, 1), False: torch.zeros(128, 1)}
        for step in range(160):
            is_real = step % 2 == 0
            rows = torch.randn(128, 2) + 2 * is_real
            out = critic(rows)
            made = torch.ones_like(out) if is_real else torch.zeros_like(out)
            target = made if way == "made in the step" else kept[is_real]
            loss = functional.binary_cross_entropy_with_logits(out, target)
            loss.backward()
            if way != "in one step" or not is_real:
                optimizer.step()
                optimizer.zero_grad()

    assert "data_not_shuffled" not in faults(diagnosed(train))


@pytest.mark.parametrize("classes", [2, 10])
def test_data_kept_class_by_class_are_sorted(classes: int):
    def train() -> None:
        centres = 1.5 * torch.randn(classes, 10)
        kept = [(centres[label] + torch.randn(64, 10), torch.full((64,), label)) for label in range(classes)]
        model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, classes))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for step in range(160):
            rows, labels = kept[step % classes]
            functional.cross_entropy(model(rows), labels).backward()
            optimizer.step()
            optimizer.zero_grad()

    assert faults(diagnosed(train)) == ["data_not_shuffled"]


def test_a_fixed_part_of_a_loss_of_its_own_is_left_out_of_no_optimizer():
    def train() -> None:
        encoder, decoder = nn.Linear(8, 4), nn.Linear(4, 8)
        projection = nn.Linear(4, 16)
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
        data = torch.randn(500, 4) @ torch.randn(4, 8)
        for step in range(200):
            rows = data[torch.randint(0, 500, (64,))]
            code = encoder(rows)
            loss = functional.mse_loss(decoder(code), rows)
            loss.backward(retain_graph=True)
            if step % 4 == 0:
                sliced = projection(code).sort(0)[0] - torch.randn(64, 16).sort(0)[0]
                (0.01 * sliced.pow(2).mean()).backward()
            optimizer.step()
            optimizer.zero_grad()

    assert "params_not_in_optimizer" not in faults(diagnosed(train))
