"""What the page may choose is an experiment at once, with nothing filled in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trainlab.errors import SpecError
from trainlab.spec import Experiment
from trainlab.web.schema import KINDS, schema

CHOICES = [
    (part, kind, {field["name"]: field["start"] for field in held["fields"] if "start" in field})
    for part in KINDS
    for kind, held in schema()["parts"][part]["kinds"].items()
]


@pytest.mark.parametrize(("part", "kind", "starts"), [each for each in CHOICES if each[2]])
def test_a_kind_that_needs_fields_begins_with_some_that_work(part: str, kind: str, starts: dict[str, Any]):
    chosen = {"name": kind, **starts}
    made = Experiment.from_dict({"network": "2-3-1", "task": {"name": "xor"}, part: chosen})
    told = json.loads(json.dumps(made.to_dict()))[part]
    assert told == told | chosen


def test_no_kind_lacks_a_field_when_it_is_chosen():
    lacking = [
        (part, kind, field["name"])
        for part in KINDS
        for kind, held in schema()["parts"][part]["kinds"].items()
        for field in held["fields"]
        if field["default"] is None and not field["optional"] and "start" not in field
    ]
    assert lacking == []


@pytest.mark.parametrize(
    ("task", "inputs", "outputs"),
    [
        ({"name": "xor"}, 2, 1),
        ({"name": "xor", "one_hot": True}, 2, 2),
        ({"name": "quadrants"}, 2, 1),
        ({"name": "parity", "bits": 5}, 5, 1),
        ({"name": "circles"}, 2, 1),
        ({"name": "moons"}, 2, 1),
        ({"name": "spirals", "arms": 4}, 2, 4),
        ({"name": "blobs", "classes": 2, "features": 3}, 3, 1),
        ({"name": "blobs"}, 2, 3),
        ({"name": "curve"}, 1, 1),
        ({"name": "plane", "features": 6}, 6, 1),
    ],
    ids=str,
)
def test_a_task_has_the_inputs_and_classes_that_the_page_is_told(
    task: dict[str, Any], inputs: int, outputs: int
):
    shape = schema()["tasks"][task["name"]]
    fields = {
        each["name"]: each["default"] for each in schema()["parts"]["task"]["kinds"][task["name"]]["fields"]
    }
    told = {name: {**fields, **task}.get(value, value) for name, value in shape.items()}
    classes = told["classes"]
    given = 1 if classes is None else classes if classes > 2 or task.get("one_hot") else 1
    assert (told["inputs"], given) == (inputs, outputs)
    # What the page makes of it is an experiment; another width is none.
    Experiment.from_dict({"network": {"widths": [inputs, 3, outputs]}, "task": task})
    with pytest.raises(SpecError):
        Experiment.from_dict({"network": {"widths": [inputs, 3, outputs + 1]}, "task": task})


def test_every_task_that_the_page_offers_has_its_shape_but_own_points():
    assert schema()["tasks"].keys() == schema()["parts"]["task"]["kinds"].keys() - {"points"}
