"""A small training that unlearns what it had solved: Adam with a short memory, one example a step."""

from trainlab.spec import Experiment

TEXT = """\
network = { widths = "2-3-1", activation = "tanh", output_activation = "linear" }
loss = "mse"
epochs = 150
optimizer = { name = "adam", lr = 0.05, betas = [0.9, 0.98] }
sampling = { name = "single", steps_per_epoch = 4 }
record = { solved_every = 1 }
"""

SPIKING = Experiment.from_dict(
    {
        "network": {"widths": "2-3-1", "activation": "tanh", "output_activation": "linear"},
        "loss": "mse",
        "epochs": 150,
        "optimizer": {"name": "adam", "lr": 0.05, "betas": [0.9, 0.98]},
        "sampling": {"name": "single", "steps_per_epoch": 4},
        "record": {"solved_every": 1},
    }
)
UNLEARNT = 4
"""The first seed whose run is solved at some time and isn't at the end, by the fast engine."""
