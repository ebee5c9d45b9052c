"""The structs that describe tasks, splits and scaling: defaults, limits and their messages."""

import inspect
import typing

import msgspec
import pytest

from trainlab.errors import SpecError
from trainlab.spec import tasks as spec
from trainlab.spec.tasks import (
    Blobs,
    Circles,
    Curve,
    File,
    Parity,
    Plane,
    Quadrants,
    Scaling,
    Spirals,
    Split,
    TaskSpec,
)
from trainlab.tasks import TASKS
from trainlab.tasks.generated import CURVES

KINDS = {str(kind.__struct_config__.tag): kind for kind in typing.get_args(TaskSpec)}


def test_every_task_has_a_struct_and_every_struct_a_task():
    assert list(KINDS) == list(TASKS)


@pytest.mark.parametrize("name", KINDS)
def test_a_struct_has_the_fields_that_its_task_asks_for(name: str):
    assert set(KINDS[name].__struct_fields__) == set(inspect.signature(TASKS[name]).parameters)


@pytest.mark.parametrize("name", KINDS)
def test_a_struct_reads_what_it_writes(name: str):
    required = {
        "file": {"path": "a.csv", "targets": ("y", -2)},
        "points": {"inputs": ((0.5, 1.0), (2.0, 3.0)), "targets": ((1.0,), (2.0,))},
    }
    made = KINDS[name](**required.get(name, {}))
    plain = msgspec.to_builtins(made)
    assert plain["name"] == name
    assert msgspec.convert(plain, TaskSpec) == made


def test_the_curves_of_the_spec_are_those_of_the_table():
    assert typing.get_args(typing.get_type_hints(Curve)["function"]) == tuple(CURVES)


def test_the_defaults_are_the_stated_ones():
    assert Quadrants() == Quadrants(points=200, noise=0.0, seed=0, one_hot=False)
    assert Parity() == Parity(bits=3)
    assert Circles() == Circles(points=200, noise=0.05, factor=0.5, seed=0)
    assert spec.Moons() == spec.Moons(points=200, noise=0.1, seed=0)
    assert Spirals() == Spirals(points=200, turns=1.0, noise=0.0, arms=2, seed=0)
    assert Blobs() == Blobs(points=200, classes=3, features=2, std=1.0, seed=0)
    assert Curve() == Curve(function="sine", points=64, noise=0.0, seed=0)
    assert Plane() == Plane(points=200, features=2, noise=0.0, seed=0)
    assert File(path="a.csv") == File(path="a.csv", targets=(), kind="auto")
    assert Split() == Split(held_out=0.0, seed=0)
    assert Scaling() == Scaling(inputs="none", targets="none")


def test_a_list_of_targets_becomes_a_tuple_and_can_be_hashed():
    assert File(path="a.csv", targets=["y", -2]).targets == ("y", -2)  # type: ignore[arg-type]
    assert len({File(path="a.csv", targets="y"), File(path="a.csv", targets="y")}) == 1


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (Quadrants, {"points": 1}, "points = 1: must be a whole number ≥ 2 and ≤ 10,000,000."),
        (Quadrants, {"noise": -0.1}, "noise = -0.1: must be a finite number ≥ 0."),
        (Quadrants, {"noise": float("nan")}, "noise = nan: must be a finite number ≥ 0."),
        (Parity, {"bits": 17}, "bits = 17: must be a whole number ≥ 1 and ≤ 16."),
        (Circles, {"factor": 1.0}, "factor = 1.0: must be a finite number > 0 and < 1."),
        (Circles, {"seed": -1}, "seed = -1: must be a whole number ≥ 0 and ≤ 9,223,372,036,854,775,807."),
        (Spirals, {"arms": 1}, "arms = 1: must be a whole number ≥ 2 and ≤ 1,000."),
        (
            Spirals,
            {"points": 3, "arms": 4},
            "points = 3: arms = 4 needs at least 4 points; raise points or lower arms.",
        ),
        (
            Blobs,
            {"points": 4, "classes": 5},
            "points = 4: classes = 5 needs at least 5 points; raise points or lower classes.",
        ),
        (
            Plane,
            {"points": 10_000_000, "features": 11},
            "points = 10,000,000: with 11 features that is more than 100,000,000 numbers; "
            "lower points or features.",
        ),
        (File, {"path": " "}, "path = ' ': must name a CSV, Parquet or .npz file."),
        (File, {"path": "a\0.csv"}, "path = 'a\\x00.csv': a path can't contain a null character."),
        (Split, {"held_out": 1.0}, "held_out = 1.0: must be a finite number ≥ 0 and < 1."),
    ],
)
def test_what_is_refused_is_told_with_what_is_allowed(kind: type, fields: dict[str, object], message: str):
    with pytest.raises(SpecError) as caught:
        kind(**fields)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Curve, {"function": "sinus"}),
        (File, {"path": "a.csv", "kind": "class"}),
        (Scaling, {"inputs": "standart"}),
        (File, {"path": "a.csv", "targets": True}),
        (Parity, {"bits": 2.5}),
    ],
)
def test_a_wrong_word_or_type_is_refused_at_its_field(kind: type, fields: dict[str, object]):
    *_, last = fields
    with pytest.raises(SpecError, match=rf"^{last} = .*: must be "):
        kind(**fields)
