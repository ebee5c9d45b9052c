"""What is learnt: the tasks by kind, how examples are held out, and how columns are scaled.

Every generated task is drawn from its own `seed`, independent of the seeds of the networks. Class sizes
differ by one point at most. Two classes are one target of 0 or 1, or two one-hot targets with `one_hot`; more
classes are always one-hot.
"""

from __future__ import annotations

from typing import Any, Literal

from trainlab.errors import SpecError
from trainlab.spec.checks import check_number
from trainlab.spec.fields import Kind, Part, convert_fields
from trainlab.spec.own_data import File, Points
from trainlab.tasks.task import MAX_CLASSES, MAX_FEATURES

MAX_POINTS = 10_000_000
"""The most points of a generated task."""

MAX_NUMBERS = 100_000_000
"""The most numbers, points × features, of a generated task."""

MAX_BITS = 16
MAX_SEED = 2**63 - 1

BOUNDS: dict[str, dict[str, float]] = {
    "points": {"at_least": 2, "at_most": MAX_POINTS},
    "features": {"at_least": 1, "at_most": MAX_FEATURES},
    "classes": {"at_least": 2, "at_most": MAX_CLASSES},
    "arms": {"at_least": 2, "at_most": MAX_CLASSES},
    "bits": {"at_least": 1, "at_most": MAX_BITS},
    "noise": {"at_least": 0},
    "std": {"at_least": 0},
    "factor": {"above": 0, "below": 1},
    "turns": {"at_least": 0, "at_most": 1000},
    "seed": {"at_least": 0, "at_most": MAX_SEED},
    "held_out": {"at_least": 0, "below": 1},
}

Scale = Literal["none", "standard", "minmax"]


class Examples(Kind, frozen=True, kw_only=True):
    """A kind of task that trainlab brings; its numbers must lie within `BOUNDS`."""

    def __post_init__(self) -> None:
        convert_fields(self)
        _check_bounds(self)
        _check_room(self)


class Xor(Examples, frozen=True, kw_only=True, tag="xor"):
    """Exclusive or: (0,0)→0, (0,1)→1, (1,0)→1, (1,1)→0."""

    one_hot: bool = False


class Quadrants(Examples, frozen=True, kw_only=True, tag="quadrants"):
    """Points from U(−1, 1)², equally many in each quadrant; 1 where the signs differ.

    N(0, noise²) then moves the points.
    """

    points: int = 200
    noise: float = 0.0
    seed: int = 0
    one_hot: bool = False


class Parity(Examples, frozen=True, kw_only=True, tag="parity"):
    """All 2^bits rows of bits; 1 where the number of ones is odd."""

    bits: int = 3
    one_hot: bool = False


class Circles(Examples, frozen=True, kw_only=True, tag="circles"):
    """Two circles around the origin, radius 1 (class 0) and `factor` (class 1), as ``make_circles``."""

    points: int = 200
    noise: float = 0.05
    factor: float = 0.5
    seed: int = 0
    one_hot: bool = False


class Moons(Examples, frozen=True, kw_only=True, tag="moons"):
    """Two interlocking half circles, as ``make_moons``."""

    points: int = 200
    noise: float = 0.1
    seed: int = 0
    one_hot: bool = False


class Spirals(Examples, frozen=True, kw_only=True, tag="spirals"):
    """Arms from the origin to radius 1, winding `turns` times; one class per arm."""

    points: int = 200
    turns: float = 1.0
    noise: float = 0.0
    arms: int = 2
    seed: int = 0
    one_hot: bool = False


class Blobs(Examples, frozen=True, kw_only=True, tag="blobs"):
    """Gaussian clouds of deviation `std` around centres from U(−10, 10), one per class, as ``make_blobs``."""

    points: int = 200
    classes: int = 3
    features: int = 2
    std: float = 1.0
    seed: int = 0
    one_hot: bool = False


class Curve(Examples, frozen=True, kw_only=True, tag="curve"):
    """Regression of one input, evenly spaced on [−1, 1]; N(0, noise²) is added to the targets."""

    function: Literal["sine", "step", "abs", "polynomial", "runge"] = "sine"
    points: int = 64
    noise: float = 0.0
    seed: int = 0


class Plane(Examples, frozen=True, kw_only=True, tag="plane"):
    """Regression of a linear function; inputs, slopes and offset are U(−1, 1), noise is as for a curve."""

    points: int = 200
    features: int = 2
    noise: float = 0.0
    seed: int = 0


class Digits(Examples, frozen=True, kw_only=True, tag="digits"):
    """scikit-learn's handwritten digits: 1,797 pictures of 8 × 8 pixels from 0 to 16, ten classes."""


class Iris(Examples, frozen=True, kw_only=True, tag="iris"):
    """scikit-learn's iris: 150 flowers, four measures, three classes."""


class Wine(Examples, frozen=True, kw_only=True, tag="wine"):
    """scikit-learn's wine: 178 wines, thirteen measures, three classes."""


class BreastCancer(Examples, frozen=True, kw_only=True, tag="breast_cancer"):
    """scikit-learn's breast cancer: 569 tumours, thirty measures, malignant (0) or benign (1)."""

    one_hot: bool = False


class Diabetes(Examples, frozen=True, kw_only=True, tag="diabetes"):
    """scikit-learn's diabetes: 442 patients, ten measures, regression of the disease's progress."""


TaskSpec = (
    Xor
    | Quadrants
    | Parity
    | Circles
    | Moons
    | Spirals
    | Blobs
    | Curve
    | Plane
    | Digits
    | Iris
    | Wine
    | BreastCancer
    | Diabetes
    | File
    | Points
)


class Split(Part, frozen=True, kw_only=True):
    """The share of examples held out of training, drawn at random with `seed`; 0 holds out none."""

    held_out: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        convert_fields(self)
        _check_bounds(self)


class Scaling(Part, frozen=True, kw_only=True):
    """How columns are scaled, using the training examples only; a constant column is only shifted.

    "standard" gives mean 0 and deviation 1, "minmax" the range from 0 to 1. Targets may be scaled in
    regression only.
    """

    inputs: Scale = "none"
    targets: Scale = "none"


def _check_bounds(part: Kind | Part) -> None:
    for field in part.__struct_fields__:
        if field in BOUNDS:
            value: Any = getattr(part, field)
            check_number(field, value, **BOUNDS[field])


def _check_room(part: Examples) -> None:
    """Refuse fewer points than classes, and more numbers than memory should hold."""
    if isinstance(part, Spirals | Blobs):
        field, classes = ("arms", part.arms) if isinstance(part, Spirals) else ("classes", part.classes)
        if part.points < classes:
            raise SpecError(
                f"points = {part.points:,}: {field} = {classes:,} needs at least {classes:,} points; "
                f"raise points or lower {field}."
            )
    if isinstance(part, Blobs | Plane) and part.points * part.features > MAX_NUMBERS:
        raise SpecError(
            f"points = {part.points:,}: with {part.features:,} features that is more than {MAX_NUMBERS:,} "
            "numbers; lower points or features."
        )
