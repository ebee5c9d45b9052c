"""``trainlab new FILE``: a commented study file to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import UsageError
from trainlab.cli.output import check_writable, write_text

TEMPLATE = """\
# A study: every network with every combination of changes, all on the same seeds.
# Run it with:  trainlab study {name}

title = "My first study"
question = "Does Adam help, and does a wider layer?"
seeds = 200                     # runs of each cell: seeds 0, 1, 2, …

# The training that the changes edit. What is left out is PyTorch's default where it has one;
# without an activation named, every layer has "tanh", the last one too.
[baseline]
task = "xor"
loss = "mse"                    # "l1", "huber", "bce_with_logits", "cross_entropy", "hinge" …
epochs = 1000

[baseline.network]
activation = "tanh"             # "linear", "sigmoid", "relu", "gelu", "silu" …; or a list, one per layer
output_activation = "linear"    # the last layer's: "linear" for logits and numbers
bias = true                     # or a list, one per layer; output_bias sets the last one apart

[baseline.init]
weight = "default"              # or {{ name = "normal", mean = 0.0, std = 1.0 }}, "uniform" (a, b) …
bias = "default"

[baseline.optimizer]
name = "sgd"                    # "adam", "adamw", "nadam", "rmsprop", "adagrad", "lion" …
lr = 0.1
momentum = 0.9

[baseline.sampling]
name = "full"                   # a step on all examples; "single": on one, at random; "batch" (batch_size)

[baseline.solved]
within = 0.1                    # a run is solved if every |prediction − target| is below this at the end

[baseline.record]
loss_every = 50                 # in epochs; 0 is never
gradient_every = 100
solved_every = 10

# Networks: widths from inputs to outputs, and whatever differs from the baseline's network.
[networks]
narrow = "2-3-1"
wide = "2-8-1"

# Changes: each an edit of the baseline, tried with and without, in every combination.
[changes.Adam]
label = "optimizer: SGD → Adam"
set.optimizer = {{ name = "adam", lr = 0.05 }}

[changes.sigmoid]
label = "activation: tanh → sigmoid"
set.network.activation = "sigmoid"
"""


def new_command(file: Annotated[str, Parameter(help="The file to write; it must not exist yet.")], /) -> None:
    """Write a commented study file to start from."""
    if file == "-":
        raise UsageError("FILE -: give the name of a file.")
    check_writable("FILE", file)
    path = Path(file)
    if path.exists():
        raise UsageError(f"{file}: exists already and is left alone. Give another name.")
    # The name stands in a comment, which ends with its line.
    write_text("FILE", file, TEMPLATE.format(name=path.name if path.name.isprintable() else "FILE"))
    print(f"Wrote {file}. Run it with: trainlab study {shlex.quote(file)}")
