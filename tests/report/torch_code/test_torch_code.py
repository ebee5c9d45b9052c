import subprocess
import sys

import numpy as np
import pytest
from report.study.small_study import small

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.reference import ReferenceEngine
from trainlab.report import cell_code
from trainlab.spec import Experiment

CASES = {
    "all": small().experiment("deep", ("A", "B")),
    "baseline": small().experiment("deep"),
    "full batch": Experiment.from_dict(
        {
            "network": {
                "widths": "2-3-1",
                "bias": False,
                "activation": "relu",
                "output_activation": "linear",
            },
            "init": {"weight": {"name": "uniform", "a": -1.0, "b": 1.0}},
            "epochs": 5,
            "record": {"loss_every": 0},
        }
    ),
    "constant": Experiment.from_dict(
        {
            "network": {"widths": "2-4-1", "activation": "sigmoid"},
            "init": {"weight": {"name": "default"}, "bias": {"name": "constant", "val": 0.5}},
        }
    ),
}

CHECK = """
print("parameters", sum(p.numel() for p in network.parameters()))

"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.process
def test_scripts_run_and_have_the_parameters():
    # One process for both: importing torch takes longer than either script.
    first, second = CASES["all"].at_epochs(10), CASES["full batch"]
    output = run(cell_code(first, 5) + CHECK + 'print("next")\n' + cell_code(second, 5) + CHECK)
    for part, experiment, epochs in zip(output.split("next\n"), (first, second), ([0, 10], []), strict=True):
        assert f"parameters {experiment.network.parameters}\n" in part
        assert part.count("(target ") == 4
        assert "solved: " in part
        assert [int(line.split()[1]) for line in part.splitlines() if line.startswith("epoch")] == epochs


LAYERWISE = Experiment.from_dict(
    {
        "network": {"widths": "2-3-3-1", "output_bias": False},
        "optimizer": {"name": "lion", "lr": 0.01, "weight_decay": 0.1},
        "clip": {"norm": 0.5},
        "penalty": {"l2": 0.01},
        "gradient": "equalised",
        "frozen": [1],
        "epochs": 3,
    }
)
GOES_ON = Experiment.from_dict({**LAYERWISE.to_dict(), "frozen": [2], "after": LAYERWISE.to_dict()})


@pytest.mark.process
def test_equalised_gradients_and_frozen_layers_train_as_the_engine_does():
    # From the engine's own initial parameters: what the script ends with is the same.
    start = initial_parameters(LAYERWISE, range(5, 6))[0].tolist()
    put = f"""start = torch.tensor({start})
with torch.no_grad():
    for parameter in network.parameters():
        parameter.copy_(start[:parameter.numel()].view_as(parameter))
        start = start[parameter.numel():]
"""
    code = cell_code(GOES_ON, 5).replace("criterion =", f"{put}criterion =", 1)
    end = "print('end', *[value.item() for part in network.parameters() for value in part.flatten()])\n"
    found = [float(word) for word in run(code + end).splitlines()[-1].split()[1:]]
    expected = ReferenceEngine().train(GOES_ON, range(5, 6))[0].parameters[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    one, two, _ = layers_of(LAYERWISE.network)
    between = ReferenceEngine().train(LAYERWISE, range(5, 6))[0].parameters[0]
    np.testing.assert_allclose(between[one.weights], start[: one.weights.stop], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found[two.weights], between[two.weights], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_script_compiles_and_stays_narrow(name: str):
    script = cell_code(CASES[name], 0)
    compile(script, name, "exec")
    assert max(map(len, script.splitlines())) <= 110


def test_every_setting_is_in_the_script():
    script = cell_code(CASES["all"], 12)
    assert "torch.manual_seed(12)" in script
    assert "nn.MSELoss()" in script
    assert "torch.optim.Adam(network.parameters(), lr=0.05, betas=(0.9, 0.999), eps=1e-08)" in script
    assert "nn.init.normal_(layer.weight, mean=0.0, std=1.0)" in script
    assert "torch.randint" in script
    assert "other numbers than trainlab's own generator" in script
    script = cell_code(CASES["baseline"], 0)
    assert "nn.L1Loss()" in script
    assert "lr=0.05, momentum=0.9" in script


def test_full_batches_draw_nothing():
    script = cell_code(CASES["full batch"], 0)
    assert "randint" not in script
    assert "for _ in range(1):" in script
    assert "nn.init.uniform_(layer.weight, a=-1.0, b=1.0)" in script
    assert "layer.bias" not in script


def test_constant_and_default_inits():
    script = cell_code(CASES["constant"], 0)
    assert "nn.init.constant_(layer.bias, 0.5)" in script
    assert "bound = layer.in_features**-0.5" in script
    assert "nn.init.uniform_(layer.weight, -bound, bound)" in script
