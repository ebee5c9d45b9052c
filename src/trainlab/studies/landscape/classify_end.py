"""What the loss is where a failed run ended: minimum, saddle, plateau, kink, or not there yet.

Slope and curvature become shares of the loss, by how much they change it within a reach (`reach_of`), so that
neither the loss's unit nor the size of the weights matters. The run is

- *still moving* if its slope leads down by more than a tenth of the loss before it is used up: by g²/2|λ|
  along an eigenvector that is g steep and curves by λ, or if the stationary point beside it (`settle`) lies
  by so much of the loss away, or if downhill steps from the end get by so much below that point;
- *at a kink* if that holds of the smooth piece only: across the kinks of the loss no step leads so far down
  (`kinks`), and the curvature of one piece says nothing;
- at a *saddle* if, at the stationary point, the loss curves down by more than a hundredth along the
  eigenvector of the smallest eigenvalue, and really gets so much lower when that is walked;
- on a *plateau* if it doesn't, but some layer has neither slope nor curvature: no move of that layer's
  parameters by the reach changes the loss by a hundredth, to second order;
- at a *minimum* otherwise: the loss curves up in some direction of each layer, and nothing leads down: when
  the point is nudged and left downhill (`way_down`) the loss doesn't fall by a hundredth either. If it does,
  that is a saddle, too, one of a curvature too small to be seen by itself.

A minimum may be flat in many directions: of P parameters and k examples P − k don't change the outputs, dead
units none, and moving along them changes nothing. So flat directions alone make no plateau: a whole layer
must be flat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import layers_of
from trainlab.spec import Experiment
from trainlab.studies.landscape.kinks import gain_across_kinks, has_kinks
from trainlab.studies.landscape.place import Place, loss_at, place_at
from trainlab.studies.landscape.settle import (
    SETTLED,
    eigen,
    fall_from,
    loss_scale,
    reach_of,
    settle,
    slope_over_reach,
    way_down,
)

Array = npt.NDArray[np.float64]
Kind = Literal["minimum", "saddle", "plateau", "kink", "still moving"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """From which share of the loss on something counts: a `slope`, a curve `down`, a layer's curve `up`."""

    slope: float = 0.1
    down: float = 0.01
    up: float = 0.01


THRESHOLDS = Thresholds()

_ROUNDING = 1e-12
"""Beside the largest eigenvalue, one so small is rounding."""

_HALVINGS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """Where a failed run ended. All but `loss` and `gradient_norm` are shares of the loss over the reach.

    `slope` is how far down the slope leads, or away from the point it settles at, whichever is more; `across`
    the same with the kinks of the loss, None of a smooth one. `down` is how much the loss falls along its
    most negative curvature, by two derivatives and when walked, whichever is less; or on the way down from a
    nudge, where nothing else tells the point from a minimum. `up` is how much it rises
    along its largest, and `by_layer` how much it changes if a layer moves alone. `flat` of the P directions
    curve less than a hundredth. `settled` is whether the slope is gone where the curvature was read, and
    `distance` how far that is from the end, over the length of the parameters.
    """

    seed: int
    loss: float
    gradient_norm: float
    slope: float
    across: float | None
    down: float
    up: float
    by_layer: tuple[float, ...]
    flat: int
    settled: bool
    distance: float

    def kind(self, limits: Thresholds = THRESHOLDS) -> Kind:
        """Return what the place is."""
        if min(self.slope, self.slope if self.across is None else self.across) > limits.slope:
            return "still moving"
        if self.slope > limits.slope:
            return "kink"
        if self.down > limits.down:
            return "saddle"
        return "plateau" if min(self.by_layer) < limits.up else "minimum"

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON has them."""
        return {
            "seed": self.seed,
            "kind": self.kind(),
            "loss": self.loss,
            "gradient_norm": self.gradient_norm,
            "slope": self.slope,
            "across": self.across,
            "down": self.down,
            "up": self.up,
            "by_layer": list(self.by_layer),
            "flat": self.flat,
            "settled": self.settled,
            "distance": self.distance,
        }


def read_ending(experiment: Experiment, row: npt.NDArray[np.floating], *, seed: int) -> Ending | None:
    """Return what the loss is about a row of parameters ``[P]``; None where it isn't finite."""
    with np.errstate(all="ignore"):
        end = place_at(experiment, row)
        if not _finite(end):
            return None
        slope = _downhill(end)
        across = None
        if has_kinks(experiment.loss):
            across = gain_across_kinks(experiment, end, reach=reach_of(end.parameters)) / loss_scale(end)
        # Far from any stationary point there is none beside it to look for.
        point = settle(experiment, end) if slope <= 10.0 * THRESHOLDS.slope else end
        if not _finite(point):
            point = end
    slope = max(slope, abs(point.loss - end.loss) / loss_scale(end))
    moved = float(np.linalg.norm(point.parameters - end.parameters))
    ending = _of_curvature(
        Ending(
            seed=seed,
            loss=end.loss,
            gradient_norm=float(np.linalg.norm(end.gradient)),
            slope=slope,
            across=across,
            down=0.0,
            up=0.0,
            by_layer=(),
            flat=0,
            settled=slope_over_reach(point) <= 10.0 * SETTLED,
            distance=moved / (float(np.linalg.norm(end.parameters)) or 1.0),
        ),
        point,
        experiment,
    )
    # Also of those that other thresholds of the slope would let stand.
    if slope > 10.0 * THRESHOLDS.slope or replace(ending, slope=0.0).kind() != "minimum":
        return ending
    with np.errstate(all="ignore"):
        nudged = way_down(experiment, point, enough=10.0 * THRESHOLDS.down)
        if nudged > THRESHOLDS.down:
            return replace(ending, down=max(ending.down, nudged))
        passed = fall_from(experiment, end, point, enough=10.0 * THRESHOLDS.slope)
    return replace(ending, down=max(ending.down, nudged), slope=max(ending.slope, passed))


def _of_curvature(ending: Ending, point: Place, experiment: Experiment) -> Ending:
    """Add what the eigenvalues say, of the whole Hessian and of each layer's block."""
    unit = reach_of(point.parameters) ** 2 / (2.0 * loss_scale(point))
    values, vectors = eigen(point.hessian)
    bends = unit * values
    blocks = [
        unit * eigen(point.hessian[columns, columns])[0]
        for columns in (
            slice(each.weights.start, max(each.weights.stop, each.biases.stop))
            for each in layers_of(experiment.network)
        )
    ]
    down = max(0.0, -float(bends[0]))
    if down > _ROUNDING * float(bends[-1]):
        down = min(down, _walked(experiment, point, vectors[:, 0]))
    else:
        down = 0.0
    return replace(
        ending,
        down=down,
        up=max(0.0, float(bends[-1])),
        by_layer=tuple(float(np.abs(block).max()) for block in blocks),
        flat=int((np.abs(bends) < THRESHOLDS.up).sum()),
    )


def _walked(experiment: Experiment, point: Place, direction: Array) -> float:
    """Return by which share the loss falls, at most, along a direction and back, up to the reach."""
    reach = reach_of(point.parameters)
    lengths = [sign * reach / 2.0**halvings for halvings in range(_HALVINGS) for sign in (1.0, -1.0)]
    with np.errstate(all="ignore"):
        found = [loss_at(experiment, point.parameters + length * direction) for length in lengths]
    return max(0.0, point.loss - min(found)) / loss_scale(point)


def _downhill(place: Place) -> float:
    """Return by which share of the loss the slope leads down before it is used up, within the reach."""
    values, vectors = eigen(place.hessian)
    bend, slope, reach = np.abs(values), np.abs(vectors.T @ place.gradient), reach_of(place.parameters)
    within = slope <= bend * reach
    used_up = slope**2 / (2.0 * np.where(bend > 0.0, bend, 1.0))
    return float(np.where(within, used_up, slope * reach - 0.5 * bend * reach**2).sum()) / loss_scale(place)


def _finite(place: Place) -> bool:
    return bool(
        np.isfinite(place.loss) and np.isfinite(place.hessian).all() and np.isfinite(place.gradient).all()
    )
