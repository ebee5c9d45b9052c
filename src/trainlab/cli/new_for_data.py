"""A study of what can be predicted from a file: what the file leaves open is guessed, and it says so."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from trainlab.cli.options import UsageError
from trainlab.draw import join
from trainlab.errors import SpecError, printable
from trainlab.spec import Experiment, File, Scaling, Split, data_words, study_from_toml
from trainlab.spec.data_description import id_columns
from trainlab.spec.decode import decode
from trainlab.tasks import Task, build
from trainlab.tasks.columns import MAX_LISTED, looks_like_target, named_columns
from trainlab.tasks.file_preview import Overview, overview

MAX_CLASSES = 10
"""Up to this many different whole numbers are taken for classes, given `PER_CLASS` examples for each."""

PER_CLASS = 5
STEPS = 1000
"""About how many optimizer steps a training gets."""
SPLITS, SEEDS = 20, 5
"""Splits tell more than seeds: on so many of both an interval is hardly wider than on twice as many."""

TEMPLATE = """\
# What can be predicted from {shown}, and which of two changes helps?
# Run it with:  trainlab study {name}

title = {title}
question = "Does Adam help, and does ReLU?"
{seeds}
[baseline]
epochs = {epochs:<4}                   # makes about {steps:,} steps, each on {batch} training examples
loss = "{loss}"{loss_note}

# What is learnt: the target from all columns that `ignore` doesn't name. Paths start at this file.
[baseline.task]
name = "file"
{task}

[baseline.split]
held_out = {held_out:<4}                 # this share of the examples is never trained on
seed = 0                        # draws them{draws}

[baseline.scaling]
inputs = "standard"             # mean 0 and deviation 1, over the training examples
{scaling}
[baseline.network]
widths = "{features}-16-{outputs}"{widths_note}
activation = "tanh"
output_activation = "linear"

[baseline.optimizer]
name = "sgd"
lr = 0.01

[baseline.sampling]
name = "batch"
batch_size = {batch}

{solved}
[baseline.record]
loss_every = {every}
gradient_every = {every}
solved_every = {every}

# Changes: each an edit of the baseline, tried with and without, in every combination.
[changes.Adam]
label = "optimizer: SGD → Adam"
set.optimizer = {{ name = "adam", lr = 0.01 }}

[changes.ReLU]
label = "activation: tanh → ReLU"
set.network.activation = "relu"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """The fields of the task, and what was guessed about the file, in words."""

    fields: dict[str, Any]
    words: tuple[str, ...]


def draft(path: str, *, target: str | None, name: str, folder: Path) -> tuple[str, str]:
    """Return the text of a study file for the file at `path`, and what is to be said of it.

    The study file is to be called `name` and to stand in `folder`. Raises SpecError where the file can't be
    read, UsageError where it has no such column.
    """
    try:
        guess = _guessed(path, target)
        data, guess = _with_kind(path, _without_ids(path, guess))
    except SpecError as error:
        # Errors name fields; where there is an option for a field, name that instead.
        raise UsageError(
            str(error).replace("task.target =", "--target").replace(": target =", ": --target")
        ) from None
    text = _text(path, data, guess.fields, name=name, folder=folder)
    experiment = study_from_toml(text, folder=folder).baseline
    return text, "\n".join([data_words(experiment), *guess.words])


def _guessed(path: str, target: str | None) -> Guess:
    """Guess how a file is written, which column is the target, and leave out other columns of texts."""
    seen = overview(path)
    if seen is None:
        return Guess(fields={} if target is None else {"target": target}, words=())
    chosen = _target(path, target, seen)
    (column,) = named_columns(seen.names, [chosen])
    texts = list(named_columns(seen.names, sorted(seen.texts - {chosen})))
    fields: dict[str, Any] = {"target": column}
    words: list[str] = []
    if target is None:
        why = (
            "is called like a target"
            if seen.names and looks_like_target(seen.names, chosen)
            else "stands last"
        )
        words.append(f"It is the column that {why}; another is named with --target.")
    if texts:
        fields["ignore"] = texts
        words.append(f"Left out, as texts can't be inputs: {_listed(texts)}.")
    for field in ("decimal", "delimiter", "encoding"):
        value = getattr(seen.form, field)
        if value not in (None, ".", "utf-8"):
            fields[field] = value
            words.append(f"Read with {field} = {value!r}.")
    return Guess(fields=fields, words=tuple(words))


def _target(path: str, target: str | None, seen: Overview) -> int:
    """Return the number of the column to predict."""
    if target is None:
        last = reversed(range(len(seen.names)))
        return next((index for index in last if looks_like_target(seen.names, index)), seen.width - 1)
    if target in seen.names:
        return seen.names.index(target)
    if not seen.names and target.isdecimal() and int(target) < seen.width:
        return int(target)
    have = _listed(seen.names) if seen.names else f"no headings, but columns 0 to {seen.width - 1}"
    raise UsageError(f"--target {target}: {path} has no such column; it has {have}.")


def _without_ids(path: str, guess: Guess) -> Guess:
    """Leave out inputs that number the rows."""
    experiment = _experiment(path, guess.fields)
    ids = list(id_columns(experiment))
    if not ids or len(ids) == experiment.data().features:
        return guess
    fields = {**guess.fields, "ignore": [*guess.fields.get("ignore", []), *ids]}
    words = f"Left out, as it numbers the rows: {_listed(ids)}."
    return Guess(fields=fields, words=(*guess.words, words))


def _with_kind(path: str, guess: Guess) -> tuple[Task, Guess]:
    """Return the data with the kind of task that it seems to be."""
    data = _experiment(path, guess.fields).data()
    kind, words = data.kind, guess.words
    if kind == "regression" and data.outputs == 1:
        values = np.unique(data.targets)
        few = 2 <= len(values) <= MAX_CLASSES and len(values) * PER_CLASS <= data.points
        if few and (values == np.round(values)).all():
            kind = "binary" if len(values) == 2 else "classes"
            words = (
                *words,
                f"Its {len(values)} whole numbers are taken for classes; say kind = 'regression' if not.",
            )
    guess = Guess(fields={**guess.fields, "kind": kind}, words=words)
    return _experiment(path, guess.fields).data(), guess


def _experiment(path: str, fields: dict[str, Any]) -> Experiment:
    """Return an experiment on the file whose network fits it, whatever it holds."""
    described = {"name": "file", "path": path, **fields}
    task = decode(File, described)
    data = build(task, Split(), Scaling())
    network = {"widths": [data.features, data.outputs], "activation": "linear"}
    return Experiment.from_dict({"network": network, "task": described})


def _text(path: str, data: Task, fields: dict[str, Any], *, name: str, folder: Path) -> str:
    beside = path if os.path.isabs(path) else os.path.relpath(path, folder)
    held_out = 0.25 if data.points >= 8 else 0.0
    batch = 32 if data.points < 10_000 else 256
    steps = max(1, round(data.points * (1 - held_out) / batch))
    epochs = min(500, max(5, round(STEPS / steps)))
    regression = data.kind == "regression"
    losses = {"binary": "bce_with_logits", "classes": "cross_entropy", "regression": "mse"}
    shown = os.path.basename(path)
    classes = ", ".join(data.class_names[:6]) + ", …" * (len(data.class_names) > 6)
    named = data.kind == "classes" and classes.isprintable()
    outputs = f"an output for each class: {classes}" if named else "outputs"
    return TEMPLATE.format(
        seeds=_seeds(several=held_out > 0),
        draws=f"; the splits have seeds 0 to {SPLITS - 1}" if held_out else "",
        steps=_rounded(epochs * math.ceil(data.points * (1 - held_out) / batch)),
        shown=shown if shown.isprintable() else "a file",
        name=name,
        title=_toml(f"What can be predicted from {shown}?"),
        epochs=epochs,
        loss=losses[data.kind],
        loss_note="" if regression else _padded(f'loss = "{losses[data.kind]}"', "takes logits"),
        task="\n".join(f"{field} = {_toml(value)}" for field, value in {"path": beside, **fields}.items()),
        held_out=held_out,
        scaling='targets = "standard"\n' if regression else "",
        features=data.features,
        outputs=data.outputs,
        widths_note=_padded(
            f'widths = "{data.features}-16-{data.outputs}"', f"inputs, hidden units, {outputs}"
        ),
        batch=batch,
        solved=_solved(data, held_out=held_out > 0),
        every=max(1, epochs // 20),
    )


def _seeds(*, several: bool) -> str:
    """Return the lines on seeds and, if rows are held out, on splits."""
    if not several:
        return "seeds = 20                      # runs of each cell; more seeds show finer differences\n"
    return (
        f"splits = {SPLITS}                     # draws of the held-out rows: which they are is chance\n"
        f"seeds = {SEEDS}                       # runs of each cell on each split\n"
    )


def _rounded(steps: int) -> int:
    """Return a number of steps rounded to two digits."""
    return round(steps, min(0, 2 - len(str(steps))))


def _solved(data: Task, *, held_out: bool) -> str:
    """Return when a run counts as solved, and why: half way from always giving one answer to perfect."""
    on = '\non = "held_out"' if held_out else ""
    if data.kind == "regression":
        return (
            "# With targets of deviation 1, always answering their mean is a loss of about 1.\n"
            f"[baseline.solved]\nloss = 0.5{on}\n"
        )
    share = data.targets.mean(axis=0)
    most = float(max(share.max(), 1 - share.min()) if data.kind == "binary" else share.max())
    # The rarer the others, the more decimals it takes to tell half way from both ends.
    decimals = 2 if most >= 1 else max(2, 1 + math.ceil(-math.log10(1 - most) - 1e-9))
    share_words = f"{100 * most:.{decimals - 2}f}"
    return (
        f"# Always answering the commonest class is right in {share_words} %: this is half way from there "
        "to 100 %.\n"
        f"[baseline.solved]\naccuracy = {(1 + most) / 2:.{decimals}f}{on}\n"
    )


def _padded(line: str, comment: str) -> str:
    """Return the end of a line, so that its comment lines up with the others."""
    return f"{' ' * max(2, 32 - len(line))}# {comment}"


def _listed(names: Any) -> str:
    named = names if len(names) <= MAX_LISTED + 1 else names[:MAX_LISTED]
    words = [f"`{printable(name)}`" if isinstance(name, str) else f"column {name}" for name in named]
    if len(named) < len(names):
        words.append(f"{len(names) - len(named):,} more")
    return join(words)


def _toml(value: object) -> str:
    import tomli_w

    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in cast('list[object]', value))}]"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip()
