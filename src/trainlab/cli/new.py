"""``trainlab new FILE``: a commented study file to start from, for XOR or for a file of data."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import UsageError
from trainlab.cli.output import check_distinct, check_writable, write_text
from trainlab.errors import escaped

TEMPLATE = """\
# A study: every network with every combination of changes, all on the same seeds.
# Run it with:  trainlab study {name}

title = "My first study"
question = "Two networks that don't learn XOR: which change helps?"
seeds = 20                      # runs of each cell: seeds 0, 1, 2, …; --seeds 1000 shows finer differences

# The training that the changes edit. What is left out takes PyTorch's default, where it has one;
# without an activation named, every layer has "tanh", the last one included.
[baseline]
task = "xor"
loss = "mse"                    # "l1", "huber", "bce_with_logits", "cross_entropy", "hinge" …
epochs = 500

[baseline.network]
activation = "sigmoid"          # "linear", "tanh", "relu", "gelu", "silu" …; or a list, one per layer
output_activation = "linear"    # the last layer's: "linear" for logits and numbers
bias = true                     # or a list, one per layer; output_bias sets the last one apart

[baseline.init]
weight = "default"              # or {{ name = "normal", mean = 0.0, std = 1.0 }}, "uniform" (a, b) …
bias = "default"

[baseline.optimizer]
name = "sgd"                    # "adam", "adamw", "nadam", "rmsprop", "adagrad", "lion" …
lr = 0.1
momentum = 0.0

[baseline.sampling]
name = "full"                   # steps on all examples; "single": on one at random; "batch" (batch_size)

[baseline.solved]
within = 0.1                    # a run is solved if every |prediction − target| is below this at the end

[baseline.record]
loss_every = 50                 # every so many epochs; 0 is never
gradient_every = 100
solved_every = 10

# Networks: widths from inputs to outputs, and whatever differs from the baseline's network.
[networks]
shallow = "2-4-1"
deep = "2-4-4-4-1"

# Changes: each an edit of the baseline, tried with and without, in every combination.
[changes.Adam]
label = "optimizer: SGD → Adam"
set.optimizer = {{ name = "adam", lr = 0.05 }}

[changes.tanh]
label = "activation: sigmoid → tanh"
set.network.activation = "tanh"
"""


def new_command(
    file: Annotated[str, Parameter(help="The file to write; it must not exist yet.")],
    /,
    *,
    data: Annotated[
        str | None,
        Parameter(help="A CSV, Parquet or .npz file: write a study of what can be predicted from it."),
    ] = None,
    target: Annotated[
        str | None,
        Parameter(help="With --data, the column to predict; the last one if left out."),
    ] = None,
) -> None:
    """Write a commented study file to start from, for XOR or for data of your own."""
    if file == "-":
        raise UsageError("FILE -: give the name of a file.")
    if Path(file).suffix.lower() in (".csv", ".tsv", ".parquet", ".npz", ".py", ".ipynb"):
        raise UsageError(f"{file}: a study file ends in .toml. For data of your own: {_for_data(file)}")
    check_writable("FILE", file)
    path = Path(file)
    if path.exists():
        raise UsageError(f"{file}: exists already and is left alone. Give another name.")
    # The name goes into a comment, so it must fit on one line.
    name = shlex.quote(file) if file.isprintable() else "FILE"
    if data is None:
        if target is not None:
            raise UsageError(f"--target {target}: names a column; give --data and its file as well.")
        write_text("FILE", file, TEMPLATE.format(name=name))
    else:
        from trainlab.cli.new_for_data import draft

        check_distinct({"FILE": file, "--data": data})
        text, words = draft(data, target=target, name=name, folder=path.parent)
        if escaped(text) != text:
            raise UsageError(
                f"--data {data}: its path isn't text, which is all a study file holds. Rename it."
            )
        write_text("FILE", file, text)
        print(words)
    print(f"Wrote {file}. Run it with: trainlab study {shlex.quote(file)}")


def _for_data(file: str) -> str:
    return f"trainlab new --data {shlex.quote(file)} first.toml"
