"""Scripts of everything that an experiment can say: where nothing is drawn, they end where trainlab does."""

import ast
import contextlib
import io
from typing import Any

import numpy as np
import pytest

from trainlab.engine.reference import ReferenceEngine
from trainlab.maths import ACTIVATIONS, INITS, LOSSES, OPTIMIZERS
from trainlab.report import cell_code
from trainlab.spec import Experiment

# Constant starting values, one a layer, and full batches: nothing of such a training is left to chance.
START = {
    "weight": [{"name": "constant", "val": 0.3}, {"name": "constant", "val": -0.2}],
    "bias": [{"name": "constant", "val": 0.1}, {"name": "constant", "val": 0.05}],
}
BASE: dict[str, Any] = {
    "network": {"widths": "2-3-1", "activation": "tanh", "output_activation": "linear"},
    "init": START,
    "task": {"name": "moons", "points": 12},
    "split": {"held_out": 0.25},
    "loss": "mse",
    "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.5},
    "epochs": 12,
    "solved": {"within": 0.45},
}
MANY: dict[str, Any] = {
    **BASE,
    "network": {"widths": "2-3-3", "activation": "tanh", "output_activation": "linear"},
    "task": {"name": "blobs", "points": 12},
    "loss": "cross_entropy",
    "solved": {"accuracy": 0.5},
}
SCHEDULES: list[dict[str, Any]] = [
    {"name": "step", "step_size": 3},
    {"name": "multi_step", "milestones": [2, 5]},
    {"name": "exponential", "gamma": 0.9},
    {"name": "cosine_annealing", "per": "step"},
    {"name": "cosine_annealing_warm_restarts", "T_0": 4},
    {"name": "cyclic", "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 3},
    {"name": "one_cycle", "max_lr": 0.3},
    {"name": "lambda", "factor": "exp(-0.1 * t) if t < 5 else min(0.5, cos(pi / 3))"},
    {"name": "multiplicative", "factor": "0.9"},
    {"name": "reduce_on_plateau", "patience": 0, "threshold": 0.2, "on": "held_out"},
]
CASES: dict[str, dict[str, Any]] = {
    **{f"optimizer {name}": {"optimizer": name} for name in OPTIMIZERS},
    "adamw, amsgrad": {"optimizer": {"name": "adamw", "lr": 0.1, "amsgrad": True, "weight_decay": 0.2}},
    "nesterov": {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}},
    "lion with decay": {"optimizer": {"name": "lion", "lr": 0.01, "weight_decay": 0.3}},
    **{f"loss {name}": {"loss": name} for name in LOSSES if name not in ("bce", "cross_entropy", "nll")},
    "loss bce": {"loss": "bce", "network": {**BASE["network"], "output_activation": "sigmoid"}},
    "loss huber, delta": {"loss": {"name": "huber", "delta": 0.1}},
    "loss cross_entropy": {**MANY, "loss": {"name": "cross_entropy", "label_smoothing": 0.2}},
    "loss nll": {
        **MANY,
        "loss": "nll",
        "network": {"widths": "2-3-3", "activation": "tanh", "output_activation": "log_softmax"},
    },
    **{
        f"activation {name}": {"network": {**BASE["network"], "activation": name}}
        for name in ACTIVATIONS
        if name not in ("softmax", "log_softmax")
    },
    **{f"schedule {each['name']}": {"schedule": each} for each in SCHEDULES},
    **{
        f"schedule {each['name']} and warmup": {
            "schedule": each,
            "warmup": {"total_iters": 4, "per": "step"},
            "optimizer": {"name": "nadam", "lr": 0.1},
        }
        for each in SCHEDULES
    },
    "warmup alone": {"warmup": {"total_iters": 5, "start_factor": 0.1}},
    "clip norm": {"clip": {"norm": 0.01}},
    "clip value": {"clip": {"value": 0.01}},
    "penalty": {"penalty": {"l1": 0.05, "l2": 0.1}},
    "stop when solved": {"stopping": "solved", "record": {"solved_every": 2}, "solved": {"accuracy": 0.7}},
    "out of patience": {"stopping": {"patience": 2, "min_delta": 0.01, "every": 2, "on": "held_out"}},
    "solved by held-out loss": {"solved": {"loss": 0.3, "on": "held_out"}},
    "solved by held-out accuracy": {"solved": {"accuracy": 0.9, "on": "held_out"}},
}


def carried_out(script: str) -> tuple[dict[str, Any], str]:
    """Run a script here, since importing torch anew takes seconds; return its names and what it printed."""
    names: dict[str, Any] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(script, "script", "exec"), names)
    return names, printed.getvalue()


@pytest.mark.parametrize("name", CASES)
def test_a_script_ends_where_the_reference_does(name: str):
    experiment = Experiment.from_dict({**BASE, **CASES[name]})
    names, printed = carried_out(cell_code(experiment, 1))
    runs = ReferenceEngine().train(experiment, range(1))[0]
    parameters = [each.detach().numpy().ravel() for each in names["network"].parameters()]
    np.testing.assert_allclose(np.concatenate(parameters), runs.parameters[0], rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(names["predictions"].numpy(), runs.predictions[0], rtol=1e-4, atol=1e-5)
    assert printed.splitlines()[-1] == f"solved: {bool(runs.solved[0])}"
    stopped = int(runs.stopped_epoch[0])
    assert names["epoch"] == (experiment.epochs if stopped < 0 else stopped)


def test_the_cases_differ_from_one_another():
    scripts = {name: cell_code(Experiment.from_dict({**BASE, **fields}), 1) for name, fields in CASES.items()}
    scripts.pop("optimizer sgd")
    twins = {"loss mse", "activation tanh"}
    assert len({script for name, script in scripts.items() if name not in twins}) == len(scripts) - len(twins)


DRAWN: dict[str, dict[str, Any]] = {
    "batches": {"sampling": {"name": "batch", "batch_size": 4}},
    "batches, last dropped": {"sampling": {"name": "batch", "batch_size": 5, "drop_last": True}},
    "batches drawn": {"sampling": {"name": "batch", "batch_size": 4, "replacement": True}},
    "single": {"sampling": "single", "noise": {"std": 0.1}},
    "dropout": {
        "network": {**BASE["network"], "widths": "2-3-4-1", "dropout": [0.5, 0.0]},
        "stopping": {"patience": 5},
        "init": {},
    },
    **{
        f"init {name}": {"init": {"weight": name} if name != "constant" else {}, "noise": {"std": 0.1}}
        for name in INITS
    },
    "inits by layer": {"init": {"weight": ["lecun_uniform", "fan_in_uniform"], "bias": "normal"}},
}
WORDS = {
    "batches": ["torch.randperm(len(inputs)).split(4)"],
    "batches, last dropped": ["if len(batch) < 5:", "torch.randperm(len(inputs)).split(5)"],
    "batches drawn": ["torch.randint(len(inputs), (4,))"],
    "single": ["torch.randn_like(inputs[batch])"],
    "dropout": ["nn.Dropout(0.5)", "network.train()", "network.eval()"],
}


@pytest.mark.parametrize("name", DRAWN)
def test_scripts_that_draw_run(name: str):
    experiment = Experiment.from_dict({**BASE, **DRAWN[name]})
    script = cell_code(experiment, 3)
    for words in WORDS.get(name, []):
        assert words in script
    names, printed = carried_out(script)
    assert np.isfinite(names["predictions"].numpy()).all()
    assert "solved: " in printed
    assert max(map(len, script.splitlines())) <= 110
    assert not names["network"].training or name != "dropout"


def test_starting_values_have_the_spread_they_should():
    # One step at rate 0 leaves the start as it is.
    wide = {"widths": "2-400-1", "output_activation": "linear"}
    for name in (
        "lecun_normal",
        "lecun_uniform",
        "fan_in_uniform",
        "xavier_normal",
        "kaiming_uniform",
        "orthogonal",
    ):
        fields = {
            "network": wide,
            "init": {"weight": name},
            "epochs": 1,
            "optimizer": {"name": "sgd", "lr": 0.0},
        }
        experiment = Experiment.from_dict({**BASE, **fields})
        names, _ = carried_out(cell_code(experiment, 3))
        ours = ReferenceEngine().train(experiment, range(1))[0].parameters[0]
        theirs = names["network"][0].weight.detach().numpy().ravel()
        assert theirs.std() == pytest.approx(ours[:800].std(), rel=0.1), name


def test_many_examples_are_read_from_a_file_that_the_script_says_how_to_make(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    many = {"task": {"name": "moons", "points": 4000}, "epochs": 1}
    experiment = Experiment.from_dict({**BASE, **many})
    script = cell_code(experiment, 0)
    assert "too many to write here" in script
    assert len(script) < 5000
    monkeypatch.chdir(tmp_path)
    data = experiment.data()
    recipe = [line[4:] for line in script.splitlines() if line.startswith("#   ")]
    call = " ".join(line.strip() for line in recipe if not line.startswith("data ="))
    ast.parse(call)
    exec(call, {"numpy": np, "data": data})
    names, _ = carried_out(script)
    assert len(names["inputs"]) == 3000
    np.testing.assert_allclose(names["held_out_inputs"].numpy(), data.held_out_inputs, rtol=1e-6)
