"""A cell as ready-to-run PyTorch: a plain script that needs torch and nothing of trainlab."""

from __future__ import annotations

import re

from trainlab.report.torch_code.torch_data import data_lines
from trainlab.report.torch_code.torch_loop import loop_lines
from trainlab.report.torch_code.torch_loss import loss_lines, prediction_code, solved_lines
from trainlab.report.torch_code.torch_network import network_lines
from trainlab.report.torch_code.torch_optimizer import optimizer_lines, schedule_lines
from trainlab.spec import Experiment, name_of

SHOWN = 16
"""Of more examples, the first so many predictions are printed."""


def cell_code(experiment: Experiment, seed: int) -> str:
    """Return a Python script that trains `experiment` once with torch, seeded by `seed`, in all its phases.

    Everything that the experiment says is in it. The random draws are torch's, so one run of it is another
    run than trainlab's with that seed; over many seeds the success rates agree.
    """
    body = "\n".join(
        [
            *(line for phase in experiment.phases for line in _phase(phase)),
            *_end(experiment),
        ]
    )
    imports = {"math.": "import math\n", "np.load": "import numpy as np"}
    uses = [line for word, line in imports.items() if word in body]
    # Parts leave blank lines about their functions; two are enough.
    return "\n".join([*_head(experiment, seed, uses), re.sub(r"\n{4,}", "\n\n\n", body)])


def _head(experiment: Experiment, seed: int, imports: list[str]) -> list[str]:
    return [
        f'"""{experiment.network.label} learns {name_of(experiment.task)}, in plain PyTorch."""',
        "",
        *imports,
        "import torch",
        "from torch import nn",
        "",
        "# torch draws other numbers than trainlab's own generator does: this is not trainlab's run with",
        "# the same seed. Compare success rates over many seeds, not single runs.",
        f"torch.manual_seed({seed:d})",
        "",
    ]


def _phase(experiment: Experiment) -> list[str]:
    """Return the lines of one training; one that goes on says so, and only what differs of its data."""
    before = experiment.after
    known = before is not None and (before.task, before.split, before.scaling) == (
        experiment.task,
        experiment.split,
        experiment.scaling,
    )
    return [
        *([] if before is None else ["", "# It goes on with the weights that it has."]),
        *([] if known else data_lines(experiment)),
        *network_lines(experiment),
        *loss_lines(experiment),
        *optimizer_lines(experiment),
        *schedule_lines(experiment),
        *solved_lines(experiment),
        *loop_lines(experiment),
    ]


def _end(experiment: Experiment) -> list[str]:
    some = f"[:{SHOWN}]" if experiment.data().points > SHOWN else ""
    return [
        *(["network.eval()"] if any(experiment.network.dropouts) else []),
        "with torch.no_grad():",
        f"    predictions = {prediction_code(experiment, f'network(inputs{some})')}",
        "for point, target, prediction in zip(inputs.tolist(), targets.tolist(), predictions.tolist()):",
        '    print(f"{point} -> {prediction} (target {target})")',
        'print("solved:", solved())',
        "",
    ]
