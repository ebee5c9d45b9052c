"""What the page may choose is an experiment at once, with nothing filled in."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
