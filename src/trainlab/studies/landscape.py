"""The loss about a run's end: the stationary point beside it, slope, kinks, curvature, and what that is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import layers_of
from trainlab.engine.network_pass import forward, layers_from
from trainlab.maths import penalise, penalty_value
from trainlab.maths.hessian import Affine, Derivatives, network_derivatives
from trainlab.plain import Plain
from trainlab.spec import L1, Experiment, Hinge, Loss, SmoothL1, loss_entry

# The stationary point beside a run's end: the loss at a place, and the way there.


# The training loss of an experiment about a row of parameters: value, slope and curvature, in float64.
#
# Of all the examples trained on, its penalty included; dropout and noise, as in evaluation, do nothing.


Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Place:
    """What the loss is about a row of parameters ``[P]``: ``gradient [P]``, ``hessian [P, P]``.

    Where the loss has a kink these are of the smooth piece that PyTorch's gradients are of. `network` is what
    they were made of.
    """

    parameters: Array
    loss: float
    gradient: Array
    hessian: Array
    network: Derivatives


def place_at(experiment: Experiment, row: npt.NDArray[np.floating]) -> Place:
    """Return what the loss of an experiment is about a row of finite parameters ``[P]``."""
    parameters = np.asarray(row, dtype=np.float64)
    data, entry = experiment.data(), loss_entry(experiment.loss)
    settings = msgspec.structs.asdict(experiment.loss)
    tangent, penalty = entry.tangent, experiment.penalty
    assert tangent is not None, "a loss without a second derivative is refused before it is trained"
    found = network_derivatives(
        affine_layers(experiment, parameters),
        data.inputs,
        gradient=lambda p: entry.gradient(p, data.targets, **settings),
        tangent=lambda p, dp: tangent(p, dp, data.targets, **settings),
    )
    weights = weight_columns(experiment)
    held = penalty_value(parameters, weights, l1=penalty.l1, l2=penalty.l2)
    return Place(
        parameters=parameters,
        loss=entry.value(found.outputs, data.targets, **settings) + float(held),
        gradient=penalise(found.gradient, parameters, weights, l1=penalty.l1, l2=penalty.l2),
        hessian=found.hessian + np.diag(2.0 * penalty.l2 * weights),
        network=found,
    )


def loss_at(experiment: Experiment, parameters: Array) -> float:
    """Return the loss alone, at a row of parameters ``[P]``."""
    data, penalty = experiment.data(), experiment.penalty
    values = forward(layers_from(experiment.network, parameters), data.inputs)[-1].outputs
    settings = msgspec.structs.asdict(experiment.loss)
    held = penalty_value(parameters, weight_columns(experiment), l1=penalty.l1, l2=penalty.l2)
    return loss_entry(experiment.loss).value(values, data.targets, **settings) + float(held)


def affine_layers(experiment: Experiment, parameters: Array) -> tuple[Affine, ...]:
    """Return the network's layers with these parameters ``[P]``."""
    return tuple(
        Affine(
            weight=parameters[each.weights].reshape(each.fan_out, each.fan_in),
            bias=None if each.first_bias is None else parameters[each.biases],
            activation=each.activation,
            weights=each.weights,
            biases=each.biases,
        )
        for each in layers_of(experiment.network)
    )


def weight_columns(experiment: Experiment) -> npt.NDArray[np.bool_]:
    """Return which parameters ``[P]`` are weights, and no biases."""
    weights = np.zeros(experiment.network.parameters, dtype=np.bool_)
    for layer in layers_of(experiment.network):
        weights[layer.weights] = True
    return weights


# From where a run ended to the stationary point beside it; and from there down, if there is a way.
#
# Training by single points or with a large rate ends beside such a point, not on it: the last steps jitter.
# A few hundredths of a weight away the Hessian may have negative eigenvalues that the point itself doesn't
# have. So the square of the gradient's norm is made small, by the steps of Levenberg and Marquardt, which
# are drawn to minima and saddles alike (J. J. Moré, Lecture Notes in Mathematics 630, 1978).
#
# Where no curvature leads down clearly, many directions are flat, and some may still lead down further off.
# So a point is nudged and left by the steps of Y. Dauphin, R. Pascanu, C. Gulcehre, K. Cho, S. Ganguli and
# Y. Bengio, "Identifying and attacking the saddle point problem in high-dimensional non-convex
# optimization", NeurIPS 2014: Newton's with |λ| for λ, which leave a saddle however small its λ; short
# ones, and downhill.


SETTLED = 1e-4
"""A slope over the reach of so small a share of the loss counts as none."""

_NUDGE = 0.1
"""Of the reach: how far a point is nudged, and the longest step from there."""

_STEPS = 40
_TRIES = 6
_DAMPING = 1e-9


def reach_of(parameters: Array) -> float:
    """Return how far a move of the parameters is looked ahead: their root mean square, 1 if that is less.

    Activations bend over sums of the size of 1; and large weights need larger moves to matter.
    """
    return max(1.0, float(np.sqrt(np.mean(parameters * parameters))))


def eigen(matrix: Array) -> tuple[Array, Array]:
    """Return the eigenvalues ``[n]`` of a symmetric matrix, lowest first, and as columns its eigenvectors."""
    from scipy import linalg

    values, vectors = cast("Any", linalg).eigh(matrix)
    return values, vectors


def slope_over_reach(place: Place) -> float:
    """Return by which share of the loss it would change if the slope held over the reach."""
    return float(np.linalg.norm(place.gradient)) * reach_of(place.parameters) / loss_scale(place)


def loss_scale(place: Place) -> float:
    """Return what changes of the loss are shares of: its size, 1 where it is 0."""
    return abs(place.loss) or 1.0


def settle(experiment: Experiment, start: Place) -> Place:
    """Return the place with the smallest gradient that some steps lead to; `start` if none is smaller."""
    here, damping = start, 1e-3
    for _ in range(_STEPS):
        if slope_over_reach(here) <= SETTLED:
            break
        values, vectors = eigen(here.hessian)
        largest = float(np.max(values * values))
        if largest == 0.0:
            break
        along, size = vectors.T @ here.gradient, float(np.linalg.norm(here.gradient))
        for _ in range(_TRIES):
            step = vectors @ (values * along / (values * values + damping * largest))
            there = place_at(experiment, here.parameters - step)
            if np.linalg.norm(there.gradient) < size:
                break
            damping *= 4.0
        else:
            break
        here, damping = there, max(damping / 5.0, 1e-16)
    return here


def way_down(experiment: Experiment, point: Place, *, enough: float) -> float:
    """Return by which share of the loss it falls, at most, on the way down from a nudged point.

    A nudge to either side, the same for every run.
    """
    nudge = np.random.default_rng(0).normal(size=len(point.parameters))
    nudge *= _NUDGE * reach_of(point.parameters) / float(np.linalg.norm(nudge))
    return max(
        fall_from(experiment, place_at(experiment, point.parameters + side), point, enough=enough)
        for side in (nudge, -nudge)
    )


def fall_from(experiment: Experiment, start: Place, point: Place, *, enough: float) -> float:
    """Return by which share of a point's loss downhill steps from a start get below it.

    They end after 40 steps, or once that is more than `enough`.
    """
    here, fall = start, 0.0
    for _ in range(_STEPS):
        there = _lower(experiment, here, longest=_NUDGE * reach_of(point.parameters))
        if there is None:
            break
        here = there
        fall = (point.loss - here.loss) / loss_scale(point)
        if fall > enough:
            break
    return max(0.0, fall)


def _lower(experiment: Experiment, here: Place, *, longest: float) -> Place | None:
    """Return the place a step down, None if none of some halved steps leads down."""
    values, vectors = eigen(here.hessian)
    bend = np.abs(values)
    largest = float(bend.max())
    if largest == 0.0:
        return None
    step = -vectors @ ((vectors.T @ here.gradient) / (bend + _DAMPING * largest))
    step *= min(1.0, longest / (float(np.linalg.norm(step)) or 1.0))
    for _ in range(_TRIES):
        if loss_at(experiment, here.parameters + step) < here.loss:
            return place_at(experiment, here.parameters + step)
        step = 0.5 * step
    return None


# What the loss is like where a run ended: slope, kinks, curvature, and what kind of place that is.


# Losses with kinks: what the slope is worth where the loss is made of straight pieces.
#
# |p − y| and the hinge have no second derivative where p = y, or at the margin, and a run that sits there
# has a gradient that never fades. So the outputs are taken as linear in the parameters, but the loss as it
# is: how much lower it gets within the reach is a linear program (J. V. Burke, "Descent methods for
# composite nondifferentiable optimization problems", Mathematical Programming 33, 1985).


def has_kinks(loss: Loss) -> bool:
    """Return whether the loss is made of straight pieces: L1, the hinge, and what is one of them."""
    return isinstance(loss, L1 | Hinge) or (isinstance(loss, SmoothL1) and loss.beta == 0)


def gain_across_kinks(experiment: Experiment, place: Place, *, reach: float) -> float:
    """Return by how much the loss gets lower if no parameter moves farther than `reach`.

    To first order of the outputs, across the kinks of the loss. A penalty's slope is left out.
    """
    from scipy import optimize

    targets = experiment.data().targets
    jacobian = place.network.jacobian.reshape(len(place.parameters), -1).T
    points, count = jacobian.shape
    if isinstance(experiment.loss, Hinge):
        sign = (2.0 * targets - 1.0).ravel()
        errors, rows = 1.0 - sign * place.network.outputs.ravel(), -sign[:, None] * jacobian
        sides = [(rows, errors)]
        now = float(np.mean(np.maximum(errors, 0.0)))
    else:
        errors = (place.network.outputs - targets).ravel()
        sides = [(jacobian, errors), (-jacobian, -errors)]
        now = float(np.mean(np.abs(errors)))
    # One more unknown for each error, no less than its size: errors + J s ≤ u, on either side.
    found = cast("Any", optimize).linprog(
        np.concatenate([np.zeros(count), np.full(points, 1.0 / points)]),
        A_ub=np.vstack([np.hstack([rows, -np.eye(points)]) for rows, _ in sides]),
        b_ub=np.concatenate([-part for _, part in sides]),
        bounds=[(-reach, reach)] * count + [(0.0, None)] * points,
        method="highs",
    )
    return max(0.0, now - float(found.fun)) if found.success else np.inf


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
class Ending(Plain):
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
        numbers = Plain.to_dict(self)
        return {"seed": numbers.pop("seed"), "kind": self.kind(), **numbers}


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
