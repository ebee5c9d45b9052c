"""What became of each layer of a run, in a plain sentence, and since when: by the rules that studies have.

That a gradient has vanished is the rule of `studies.causes`, asked of the same numbers; that a layer is dead
or at its ends are the doctor's shares, asked of the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.faults.dead_relu import DEAD
from trainlab.diagnosis.faults.saturated_activation import SHARE
from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.layout import layers_of
from trainlab.engine.run_steps import RunSteps
from trainlab.maths import format_share
from trainlab.spec import Experiment
from trainlab.studies.causes import THRESHOLD, Causes, causes_of, gradients_of
from trainlab.web.answers.layer_strip import ENDS, EXAMPLES, Strip, flat_words, strip_of
from trainlab.web.answers.one_run import evenly, exact, overview_of, own_parameters, read_run, run_of

BETWEEN: Final = 256
"""So many epochs are looked at between the two where something began."""

KINDS: Final = ("not finite", "frozen", "dead", "vanished", "still", "saturated", "at rest", "moving")
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerVerdict:
    """What is so of a layer, counted from 1, when a run ends, and from which epoch on it was.

    `kind` is one of `KINDS`; `since` is None where that means nothing or isn't known. `gradient` is the mean
    |∂L/∂w| of its weights, and `vanished` whether that counts as vanished: with a high loss, below 10⁻⁴.
    """

    layer: int
    kind: str
    since: int | None
    gradient: float
    vanished: bool
    sentence: str

    def to_dict(self, steps_per_epoch: int) -> dict[str, Any]:
        """Return the verdict as plain data."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "since_epoch": self.since,
            "since_step": None if self.since is None else self.since * steps_per_epoch,
            "gradient": self.gradient,
            "vanished": self.vanished,
            "sentence": self.sentence,
        }


@lru_cache(maxsize=16)
def layer_verdicts(experiment: Experiment, seed: int) -> tuple[LayerVerdict, ...]:
    """Return a verdict on each layer of a seed's run."""
    run = run_of(experiment, seed)
    signs = _signs(run, overview_of(experiment, seed))
    causes, gradient = causes_of(run), gradients_of(run)[0]
    layers = layers_of(experiment.network)
    kinds = [_kind(run, causes, signs, index) for index in range(len(layers))]
    since = _since(run, signs, kinds)
    return tuple(
        LayerVerdict(
            layer=index + 1,
            kind=kind,
            since=since[index],
            gradient=float(gradient[index]),
            vanished=_vanished(causes, index),
            sentence=f"Layer {index + 1}: {_words(run, signs, kind, since[index], index)}.",
        )
        for index, kind in enumerate(kinds)
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Signs:
    """What some epochs of a run show of each layer: ``holds[kind]`` is ``[epochs, layers]``."""

    epochs: npt.NDArray[np.int64]
    strip: Strip
    holds: dict[str, Bools]


def _signs(run: Runs, read: RunSteps) -> _Signs:
    experiment = run.experiment
    inputs = experiment.data().inputs
    strip = strip_of(run, read, inputs[evenly(len(inputs), EXAMPLES)])
    layers = layers_of(experiment.network)
    finite = [np.isfinite(read.parameters[:, own_parameters(layer)]).all(axis=1) for layer in layers]
    vanished = strip.gradient_mean < THRESHOLD
    holds = {
        "not finite": ~np.stack(finite, axis=1),
        "dead": strip.dead > DEAD,
        "vanished": vanished,
        "still": vanished,
        "saturated": strip.saturated > SHARE,
    }
    return _Signs(epochs=read.steps // experiment.steps_per_epoch, strip=strip, holds=holds)


def _vanished(causes: Causes, index: int) -> bool:
    shares = causes.vanishing_by_layer
    return bool(shares) and shares[index].k == 1


def _kind(run: Runs, causes: Causes, signs: _Signs, index: int) -> str:
    """Return what is so of a layer at the end, the gravest first."""
    layers, failing = layers_of(run.experiment.network), not bool(run.solved[0])
    hidden, ends = index < len(layers) - 1, layers[index].activation in ENDS
    if signs.holds["not finite"][-1, index]:
        return "not finite"
    if index + 1 in run.experiment.frozen:
        return "frozen"
    if failing and signs.holds["dead"][-1, index]:
        return "dead"
    if _vanished(causes, index):
        return "still" if causes.standing_still is not None and causes.standing_still.k else "vanished"
    if failing and hidden and ends and signs.holds["saturated"][-1, index]:
        return "saturated"
    return "at rest" if gradients_of(run)[0, index] < THRESHOLD else "moving"


def _since(run: Runs, signs: _Signs, kinds: list[str]) -> list[int | None]:
    """Return for each layer the epoch from which on it was so: found among those looked at, then between."""
    own = run.experiment.record.gradients == "data" or exact(run.experiment) == "steps"
    found: list[int | None] = []
    for index, kind in enumerate(kinds):
        by_gradient = kind in ("vanished", "still")
        known = kind in signs.holds and (own or not by_gradient)
        found.append(_begun(signs, signs.holds[kind][:, index]) if known else None)
    between = sorted({epoch for begun in found if begun for epoch in _before(signs.epochs, begun)})
    if between:
        finer = _signs(run, read_run(run, [epoch * run.experiment.steps_per_epoch for epoch in between]))
        for index, (kind, begun) in enumerate(zip(kinds, found, strict=True)):
            if begun:
                inside = np.isin(finer.epochs, _before(signs.epochs, begun))
                held = finer.holds[kind][inside, index]
                earlier = finer.epochs[inside][len(held) - _tail(held) :]
                found[index] = int(earlier[0]) if len(earlier) else begun
    return found


def _begun(signs: _Signs, held: Bools) -> int | None:
    """Return the first epoch looked at from which on something held; the last where it doesn't quite."""
    return int(signs.epochs[min(len(held) - _tail(held), len(held) - 1)])


def _tail(held: Bools) -> int:
    """Return how many of the last ones hold without a break."""
    broken = np.flatnonzero(~held)
    return len(held) if not len(broken) else len(held) - 1 - int(broken[-1])


def _before(epochs: npt.NDArray[np.int64], begun: int) -> list[int]:
    """Return some of the epochs between the one where something began and the one looked at before it."""
    place = int(np.searchsorted(epochs, begun))
    before = int(epochs[place - 1]) if place else begun
    return (before + 1 + evenly(begun - before - 1, BETWEEN)).tolist() if begun - before > 1 else []


def _words(run: Runs, signs: _Signs, kind: str, since: int | None, index: int) -> str:
    """Return the sentence of a verdict, without its layer and full stop."""
    layer = layers_of(run.experiment.network)[index]
    gradient = gradients_of(run)[0]
    when = "" if since is None else " from the start" if since == 0 else f" since epoch {since:,}"
    size = f"mean |∂L/∂w| {format_number(float(gradient[index]), digits=2)}"
    last = f"{format_number(float(gradient[-1]), digits=2)} in the last layer"
    if kind == "not finite":
        return f"{when.strip() or 'at the end'} its weights are no longer finite numbers"
    if kind == "frozen":
        return "frozen, so it stayed as it began"
    if kind == "dead":
        share, units = float(signs.strip.dead[-1, index]), layer.fan_out
        who = "its unit has" if units == 1 else f"{format_share(share)} % of its {units:,} units have"
        return f"{who} slope 0 for every example{when}, so no gradient passes"
    if kind == "vanished":
        beside = f", {last}" if index + 1 < len(gradient) else ""
        return f"its gradient has vanished{when} ({size}{beside})"
    if kind == "still":
        return f"it stands still{when} ({size}), as every layer does"
    if kind == "saturated":
        share = format_share(float(signs.strip.saturated[-1, index]))
        ends = flat_words(layer.activation)
        return f"{share} % of its values are {ends}{when}, where the slope is near 0 ({size})"
    if run.diverged[0]:
        return "its weights are still finite numbers, but the run diverged"
    if kind == "at rest":
        why = "the run is solved" if run.solved[0] else "the loss is low"
        return f"little gradient is left ({size}): {why}"
    return f"its gradient arrives ({size} at the end)"
