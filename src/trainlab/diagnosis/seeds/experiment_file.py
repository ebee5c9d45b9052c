"""A lifted training as a study file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from trainlab.diagnosis.lift.lifted import Lift
from trainlab.diagnosis.seeds.engine_runs import RunReader
from trainlab.diagnosis.seeds.population import SeedsResult
from trainlab.diagnosis.seeds.success import RunMeasure, Success
from trainlab.diagnosis.signals.learnt import LEARNT
from trainlab.errors import DiagnosisError
from trainlab.spec import Accuracy, Experiment, LossBelow, Within
from trainlab.spec.solved import Solved
from trainlab.spec.tasks import File


def write_experiment(path: str, lift: Lift, reader: RunReader, population: SeedsResult) -> None:
    """Write the experiment as a study of one cell, which ``trainlab study``, ``race`` and ``map`` take."""
    import tomli_w

    solved = solved_of(reader, population.success, population.measure)
    experiment = msgspec.structs.replace(lift.experiment, solved=solved)
    name = os.path.basename(population.script)
    head = (
        f"# The training of {name} as an experiment: it gives the script's {lift.steps:,} losses of "
        f"{len(lift.replayed)} runs,\n# to a relative difference of {lift.difference:.1g}. "
        f"Run it with:  trainlab study {path}\n\n"
    )
    copied, baseline = "", shortened(experiment)
    try:
        if isinstance(experiment.task, File):
            copied = shutil.copy(experiment.task.path, os.path.dirname(path) or ".")
            # A path in a study file starts at the folder of the file.
            baseline["task"] = {"name": "file", "path": os.path.basename(copied)}
        study = {
            "title": f"{name}, lifted",
            "question": "Was it the seed?",
            "seeds": population.asked,
            "baseline": baseline,
        }
        with open(path, "w", encoding="utf-8") as file:
            file.write(head + tomli_w.dumps(study))
    except OSError as error:
        if copied:
            Path(copied).unlink(missing_ok=True)
        raise DiagnosisError(f"--as-experiment {path}: can't be written ({error.strerror}).") from None


def shortened(experiment: Experiment) -> dict[str, Any]:
    """Return the experiment as plain data without the parts that are the defaults."""
    fields = experiment.to_dict()
    usual = {
        name: msgspec.to_builtins(default)
        for name, default in zip(
            experiment.__struct_fields__[1:], experiment.__struct_defaults__, strict=True
        )
    }
    kept = {
        name: value for name, value in fields.items() if name == "network" or value not in (usual[name], {})
    }
    network = experiment.network
    bias = {} if all(network.biases) else {"bias": list(network.biases)}
    return kept | {"network": {"widths": network.label, "activation": list(network.activations), **bias}}


def solved_of(reader: RunReader, success: Success, measure: RunMeasure) -> Solved:
    """Return what counts as solved in the experiment's file: as near to the success asked for as can be."""
    low, high = success.at_least, success.at_most
    of_accuracy = (measure.field == "reached" and reader.classes) or reader.metric == "accuracy"
    if of_accuracy and low is not None and 0 < low / reader.scale <= 1:
        return Accuracy(accuracy=low / reader.scale)
    if reader.metric == "loss" and high is not None:
        return LossBelow(loss=high)
    return LossBelow(loss=LEARNT * reader.constant) if reader.constant else Within()
