"""Remedies tried on an experiment: said in its fields, and run."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from trainlab.diagnosis.lift.lifted import Lift
from trainlab.diagnosis.lift.recording import Unused
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.remedies.trial import Job, Run, set_after
from trainlab.diagnosis.report.report import Outcome
from trainlab.diagnosis.seeds.lifted_runs import QUIET, RunReader, read_runs, recording_what_is_read
from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.errors import TrainlabError
from trainlab.execution import Interrupted, default_workers, train_all
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment

# A remedy as a change of an experiment: what is done to a script from outside, said in fields.

Fields = dict[str, Any]
_OF_ZERO = {"name": "constant", "val": 0.0}
_SCHEMES: dict[str, Fields] = {
    "default": {"weight": "default", "bias": "default"},
    "he": {"weight": {"name": "kaiming_normal", "nonlinearity": "relu"}, "bias": _OF_ZERO},
    "xavier": {"weight": "xavier_uniform", "bias": _OF_ZERO},
}
"""As `changes.starts` sets them in a script's own modules."""


def changed(experiment: Experiment, changes: Sequence[Mapping[str, Any]]) -> Experiment | None:
    """Return the experiment with a remedy's changes; None where one can't be said so, or changes nothing."""
    fields = _written_out(experiment)
    try:
        for change in changes:
            settings = {name: value for name, value in change.items() if name != "change"}
            act = _CHANGES.get(change["change"])
            if act is None or not act(fields, **settings):
                return None
        new = Experiment.from_dict(fields)
    except TrainlabError:
        return None
    return None if new.fingerprint == experiment.fingerprint else new


def with_the_unused(unused: Sequence[Unused]) -> tuple[Remedy, ...]:
    """Return the remedy that has layers used which the network never calls: each where it is declared."""
    if not unused:
        return ()
    names = ", ".join(one.name for one in unused)
    places = [[one.after, one.fan_in, one.fan_out, one.bias] for one in unused]
    return (single(f"{names} used where it is declared", "use_layers", layers=places),)


def _written_out(experiment: Experiment) -> Fields:
    """Return the fields, of the network and its start layer by layer."""
    fields, network = experiment.to_dict(), experiment.network
    init = fields.get("init", {})
    weight, bias = (init.get(name, "default") for name in ("weight", "bias"))
    fields["network"] = {
        "widths": list(network.widths),
        "bias": list(network.biases),
        "activation": list(network.activations),
        "dropout": list(network.dropouts),
    }
    fields["init"] = {
        "weight": weight if isinstance(weight, list | tuple) else [weight] * network.layers,
        "bias": bias if isinstance(bias, list | tuple) else [bias] * network.layers,
    }
    return fields


def _lr(fields: Fields, *, times: float) -> bool:
    fields["optimizer"]["lr"] = fields["optimizer"]["lr"] * times
    return True


def _weight_decay(fields: Fields, *, times: float) -> bool:
    optimizer = fields["optimizer"]
    if not optimizer.get("weight_decay"):
        return False
    optimizer["weight_decay"] = optimizer["weight_decay"] * times
    return True


def _clip(fields: Fields, *, norm: float) -> bool:
    fields["clip"] = {"norm": norm}
    return True


def _init(fields: Fields, *, scheme: str) -> bool:
    layers = len(fields["network"]["bias"])
    if scheme not in _SCHEMES:
        return False
    fields["init"] = {part: [value] * layers for part, value in _SCHEMES[scheme].items()}
    return True


def _replace(fields: Fields, *, which: Sequence[str], by: str) -> bool:
    """Put another activation between layers; the one that the output comes out of stays."""
    *hidden, last = fields["network"]["activation"]
    if by not in ACTIVATIONS or not any(one in which for one in hidden):
        return False
    fields["network"]["activation"] = [by if one in which else one for one in hidden] + [last]
    return True


def _between(fields: Fields) -> bool:
    *hidden, last = fields["network"]["activation"]
    fields["network"]["activation"] = ["relu" if one == "linear" else one for one in hidden] + [last]
    return "linear" in hidden


def _off_output(fields: Fields) -> bool:
    *hidden, last = fields["network"]["activation"]
    fields["network"]["activation"] = [*hidden, "linear"]
    return last != "linear"


def _inputs(fields: Fields) -> bool:
    fields["scaling"] = {**fields.get("scaling", {}), "inputs": "standard"}
    return True


def _targets(fields: Fields) -> bool:
    fields["scaling"] = {**fields.get("scaling", {}), "targets": "standard"}
    return True


def _use_layers(fields: Fields, *, layers: Sequence[Sequence[Any]]) -> bool:
    """Insert layers, with the activation and the start of the one before; their widths have to fit."""
    network, init = fields["network"], fields["init"]
    for more, (after, fan_in, fan_out, bias) in enumerate(layers):
        place = int(after) + more
        like = max(0, place - 1)
        if network["widths"][place] != fan_in or fan_in != fan_out:
            return False
        network["widths"].insert(place, fan_out)
        network["bias"].insert(place, bool(bias))
        network["activation"].insert(place, network["activation"][like])
        network["dropout"].insert(min(like, len(network["dropout"])), 0.0)
        for part in ("weight", "bias"):
            init[part] = list(init[part])
            init[part].insert(place, init[part][like])
    return True


_CHANGES: dict[str, Callable[..., bool]] = {
    "lr": _lr,
    "weight_decay": _weight_decay,
    "clip": _clip,
    "init": _init,
    "replace": _replace,
    "between": _between,
    "off_output": _off_output,
    "inputs": _inputs,
    "targets": _targets,
    "use_layers": _use_layers,
}
"""The changes that an experiment has a field for, by the names that remedies have for them (`applying`)."""


# Runs of a lifted training with and without a remedy: populations of the experiment that it is.

MANY, FEW = 100, 20
"""Seeds that a remedy is tried on: of a light training, and at least."""
LIGHT = 10_000_000
"""So many updates of a parameter by an example take the kernel a few milliseconds."""


@dataclass(kw_only=True, slots=True)
class ExperimentTrials:
    """Trains the experiment from other seeds, all of a remedy's at once (`trial_runs.Runner`)."""

    lift: Lift
    reader: RunReader

    @property
    def lanes(self) -> int:
        """How many runs go on at the same time."""
        return default_workers()

    def can_try(self, remedy: Remedy) -> bool:
        """Whether the experiment has a field for what the remedy changes."""
        return changed(self.lift.experiment, remedy.changes) is not None

    def run(self, jobs: Sequence[Job], *, deadline: float) -> Generator[tuple[Job, Run]]:
        """Yield each job with its run; those of one remedy are trained together, as they are first."""
        remedies = {id(job.remedy): job.remedy for job in jobs}
        for remedy in remedies.values():
            mine = {job.seed: job for job in jobs if job.remedy is remedy}
            experiment = (
                self.lift.experiment if remedy is None else changed(self.lift.experiment, remedy.changes)
            )
            if experiment is None:
                yield from ((job, Run(outcome=None)) for job in mine.values())
                continue
            rescaled = experiment.scaling.targets != self.lift.experiment.scaling.targets
            for run in self._trained(experiment, range(min(mine), max(mine) + 1), deadline):
                if run.seed in mine:
                    yield mine[run.seed], _told(run, self.reader, rescaled=rescaled)

    def _trained(self, experiment: Experiment, seeds: range, deadline: float) -> list[SeedRun]:
        """Return the runs; none if they weren't done in time."""
        quiet = msgspec.structs.replace(experiment, record=QUIET)
        reader = reader_for(self.reader, self.lift.experiment, experiment)
        read = recording_what_is_read(quiet, reader, len(seeds))
        with set_after(deadline - time.monotonic()) as stop, suppress(Interrupted):
            return read_runs(reader, train_all([read], seeds, engine="fast", workers=self.lanes, stop=stop))
        return []


def reader_for(reader: RunReader, experiment: Experiment, new: Experiment) -> RunReader:
    """Return how runs of the changed experiment are read: by its own loss and targets, where they differ."""
    if new.loss == experiment.loss and new.scaling.targets == experiment.scaling.targets:
        return reader
    targets = new.data().targets.astype(np.float64)
    variance = None if reader.variance is None else float(targets.var(axis=0).mean())
    constant = best_constant_loss(new.loss, targets)
    return replace(reader, constant=constant, variance=variance, first_loss=None)


def _told(run: SeedRun, reader: RunReader, *, rescaled: bool) -> Run:
    constant, last = reader.constant, run.last_loss
    if rescaled and run.relative_loss is not None:
        last = run.relative_loss * constant  # in the script's own units
    outcome = Outcome(
        state=run.state,  # pyright: ignore[reportArgumentType]
        reached=run.reached,
        reached_as=run.reached_as,
        neighbours_reach=reader.neighbours,
        first_loss=reader.first_loss,
        last_loss=last,
        constant_answer_loss=constant,
        loss_by_constant=run.relative_loss,
        fit_by_constant=run.relative_loss,
    )
    return Run(outcome=outcome, acted=1)


def seeds_for(experiment: Experiment) -> int:
    """Return on how many seeds a remedy is tried: 100, or as many as take as long as those of a light one."""
    work = experiment.epochs * experiment.steps_per_epoch
    work *= experiment.network.parameters * experiment.examples_per_step
    return max(FEW, min(MANY, MANY * LIGHT // work))
