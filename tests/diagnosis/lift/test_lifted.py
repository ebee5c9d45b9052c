"""The recording of a script gives the experiment that it is, with its losses; else there is a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from diagnosis.lift.made import HEAD, LOOP, MODEL, PLAIN, SGD, THREE, loop, recorded

from trainlab.diagnosis.lift.lifted import lift_own, with_others
from trainlab.diagnosis.lift.recording import Recording, Refused

LOADER = """
from torch.utils.data import DataLoader, TensorDataset
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
for epoch in range(20):
    for xb, yb in DataLoader(TensorDataset(x, classes), batch_size=5, shuffle=True):
        loss = nn.CrossEntropyLoss(label_smoothing=0.1)(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""
OWN_CLASS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 4, bias=False)
        self.b = nn.Linear(4, 1)

    def forward(self, rows):
        return self.b(F.silu(self.a(rows.view(rows.size(0), -1)))).squeeze(-1)

model = Net()
nn.init.kaiming_normal_(model.a.weight)
nn.init.normal_(model.b.weight, 0.0, 0.3)
nn.init.constant_(model.b.bias, 0.25)
"""
LIFTED: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (
        PLAIN,
        {
            "network": {"widths": (2, 5, 1), "bias": (True, True), "activation": ("tanh", "linear")},
            "loss": {"name": "mse"},
            "sampling": {"name": "full"},
            "epochs": 64,
            "init": {"weight": {"name": "default"}, "bias": {"name": "default"}},
        },
    ),
    "loader": (
        HEAD + THREE + LOADER,
        {
            "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
            "sampling": {"name": "batch", "batch_size": 5, "replacement": False, "drop_last": False},
            "epochs": 20,
        },
    ),
    "own_class": (
        HEAD + OWN_CLASS + SGD + loop("((y[:, 0] - model(x)).abs()).mean()"),
        {
            "network": {"widths": (2, 4, 1), "bias": (False, True), "activation": ("silu", "linear")},
            "loss": {"name": "l1"},
            "init": {
                "weight": (
                    {"name": "normal", "mean": 0.0, "std": 1.0},
                    {"name": "normal", "mean": 0.0, "std": 0.3},
                ),
                "bias": ({"name": "default"}, {"name": "constant", "val": 0.25}),
            },
        },
    ),
    "sigmoid_outside": (
        HEAD + MODEL + SGD + loop("F.binary_cross_entropy(torch.sigmoid(model(x)), (y > 0).float())"),
        {"network": {"activation": ("tanh", "sigmoid")}, "loss": {"name": "bce"}},
    ),
    "single": (
        (HEAD + MODEL + SGD).replace("lr=0.1", "lr=0.01")
        + LOOP.replace("64", "240").replace(
            "loss = LOSS", "at = torch.randint(0, 12, (1,))\n    loss = F.smooth_l1_loss(model(x[at]), y[at])"
        ),
        {"sampling": {"name": "single", "steps_per_epoch": 12}, "loss": {"name": "smooth_l1", "beta": 1.0}},
    ),
    "double": (
        PLAIN.replace("model =", "x, y = x.double(), y.double()\nmodel =").replace(
            "optimizer = ", "model = model.double()\noptimizer = "
        ),
        {"loss": {"name": "mse"}},
    ),
}
REFUSED = {
    "convolution": (
        HEAD
        + "model = nn.Sequential(nn.Unflatten(1, (1, 2)), nn.Conv1d(1, 1, 2), nn.Flatten())\n"
        + SGD
        + loop("F.mse_loss(model(x), y)"),
        "isn't a stack of layers that trainlab knows (Unflatten, Conv1d)",
    ),
    "skip": (
        HEAD
        + OWN_CLASS.replace("self.b(F", "rows.sum(1, keepdim=True) + self.b(F")
        + SGD
        + loop("F.mse_loss(model(x), y[:, 0])"),
        "sum",
    ),
    "unused": (
        HEAD
        + OWN_CLASS.replace("self.b = ", "self.c = nn.Linear(4, 4)\n        self.b = ")
        + SGD
        + loop("F.mse_loss(model(x), y[:, 0])"),
        "c.weight isn't part of it",
    ),
    "dropout": (PLAIN.replace("nn.Tanh(), ", "nn.Tanh(), nn.Dropout(0.5), "), "its dropout draws masks"),
    "slope": (PLAIN.replace("nn.Tanh()", "nn.LeakyReLU(0.3)"), "it calls leaky_relu"),
    "schedule": (
        PLAIN.replace("optimizer.step()", "optimizer.step()\n    optimizer.param_groups[0]['lr'] *= 0.99"),
        "the learning rate changes",
    ),
    "two_passes": (
        PLAIN.replace("loss.backward()", "loss.backward()\n    F.mse_loss(model(x), y).backward()"),
        "step 1 has 2 backward passes",
    ),
    "penalty": (
        PLAIN.replace("model(x), y)", "model(x), y) + 0.1 * model[0].weight.square().sum()"),
        "another loss curve",
    ),
    "no_zero_grad": (PLAIN.replace("optimizer.zero_grad()", "pass"), "another loss curve"),
    "clipped": (
        PLAIN.replace("optimizer.step()", "nn.utils.clip_grad_norm_(model.parameters(), 1.0)")
        + "    optimizer.step()\n",
        "it clips or scales gradients",
    ),
    "frozen": (
        PLAIN.replace("optimizer = ", "model[0].weight.requires_grad_(False)\noptimizer = "),
        "doesn't have all parameters",
    ),
    "changed_weights": (
        PLAIN.replace("optimizer = ", "model[0].weight.data *= 0.5\noptimizer = "),
        "weren't drawn by one call",
    ),
    "own_generator": (
        PLAIN.replace(
            "optimizer = ",
            "model[0].weight.data.normal_(generator=torch.Generator().manual_seed(1))\noptimizer = ",
        ),
        "a generator of the script's own",
    ),
    "broadcast": (PLAIN.replace("model(x), y)", "model(x), y[:, 0])"), "not of one shape"),
    "two_losses": (
        PLAIN.replace("F.mse_loss(model(x), y)", "F.mse_loss((out := model(x)), y) + F.l1_loss(out, y)"),
        "more than one loss",
    ),
    "fixed_order": (
        PLAIN.replace("F.mse_loss(model(x), y)", "F.mse_loss(model(x[step % 2 :: 2]), y[step % 2 :: 2])"),
        "the same ones in every epoch",
    ),
    "lbfgs": (
        HEAD
        + MODEL
        + "optimizer = torch.optim.LBFGS(model.parameters())\ndef closure():\n    optimizer.zero_grad()\n"
        "    loss = F.mse_loss(model(x), y)\n    loss.backward()\n    return loss\noptimizer.step(closure)\n",
        "closure",
    ),
    "tensors": (
        HEAD
        + "w = torch.zeros(2, 1, requires_grad=True)\noptimizer = torch.optim.SGD([w], lr=0.1)\n"
        + loop("F.mse_loss(x @ w, y)"),
        "the loss doesn't come from a module",
    ),
    "no_training": ("print('hello')\n", "no optimizer took a step"),
}


SEEDED = {
    "stops_early": PLAIN.replace("optimizer.step()", "optimizer.step()\n    if loss < 0.12: break"),
    "other_data": PLAIN.replace("optimizer = ", "x = torch.randn(12, 2)\noptimizer = "),
    "same_order": (HEAD + THREE + LOADER).replace(
        "shuffle=True", "shuffle=True, generator=torch.Generator().manual_seed(epoch)"
    ),
}
WHY = {
    "stops_early": "the number of steps depends on the seed",
    "other_data": "drawn anew with each seed",
    "same_order": "same order with every seed",
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """All of them by name, and those of another seed as ``other NAME``."""
    own = {name: text for name, (text, _) in (LIFTED | REFUSED).items()} | SEEDED
    others = {f"other {name}": (own[name], 1) for name in ("plain", "loader", *SEEDED)}
    return recorded(
        {name: (text, None) for name, text in own.items()} | others, tmp_path_factory.mktemp("it")
    )


@pytest.mark.parametrize("name", LIFTED)
def test_it_is_the_experiment_and_gives_the_losses(
    name: str, recordings: dict[str, Recording], tmp_path: Path
):
    lift = lift_own(recordings[name], folder=tmp_path)
    fields = lift.experiment.to_dict()
    for part, wanted in LIFTED[name][1].items():
        got = {key: fields[part][key] for key in wanted} if isinstance(wanted, dict) else fields[part]
        assert got == wanted, part
    (replayed,) = lift.replayed
    assert replayed.steps == recordings[name].steps
    assert replayed.difference < 1e-5
    assert replayed.loss is not None


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused_with_the_reason(
    name: str, recordings: dict[str, Recording], tmp_path: Path
):
    with pytest.raises(Refused) as refused:
        lift_own(recordings[name], folder=tmp_path)
    assert REFUSED[name][1] in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value"), [("lr", 0.11), ("momentum", 0.89), ("nesterov", True), ("weight_decay", 0.01)]
)
def test_a_setting_that_is_another_is_seen_in_the_losses(
    field: str, value: Any, recordings: dict[str, Recording], tmp_path: Path
):
    own = recordings["plain"]
    wrong = replace(own, settings={**own.settings, field: value})
    with pytest.raises(Refused, match="another loss curve"):
        lift_own(wrong, folder=tmp_path)


@pytest.mark.parametrize("name", ["plain", "loader"])
def test_another_seed_shows_the_same_experiment(name: str, recordings: dict[str, Recording], tmp_path: Path):
    own, other = recordings[name], recordings[f"other {name}"]
    lift = with_others(lift_own(own, folder=tmp_path), own, [other])
    assert len(lift.replayed) == 2
    assert lift.difference < 1e-5
    assert own.losses[0] != other.losses[0]


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_that_changes_more_or_less_is_refused(
    name: str, recordings: dict[str, Recording], tmp_path: Path
):
    lift = lift_own(recordings[name], folder=tmp_path)
    with pytest.raises(Refused, match=WHY[name]):
        with_others(lift, recordings[name], [recordings[f"other {name}"]])
