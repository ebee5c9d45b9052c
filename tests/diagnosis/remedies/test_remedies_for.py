"""Which remedies a finding has, and where they act."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from diagnosis.remedies.made_runs import finding

from trainlab.diagnosis.faults import ORDER, remedies_for, why_not
from trainlab.diagnosis.place import NOWHERE, Kind, Place, Site, place_at, place_from
from trainlab.diagnosis.remedies.applying import CHANGES

UNKNOWN_PLACE = why_not(finding("lr_too_high"))


@pytest.mark.parametrize("fault", ORDER)
def test_every_fault_has_a_remedy_or_a_reason(fault: str):
    remedies = remedies_for(finding(fault))
    assert remedies or why_not(finding(fault)) != UNKNOWN_PLACE
    for remedy in remedies:
        for change in remedy.changes:
            settings = {name: value for name, value in change.items() if name != "change"}
            # A setting that is missing, or one too many, raises here.
            inspect.signature(CHANGES[change["change"]]).bind(None, **settings)


def placed(fault: str, kind: Kind, *, line: int | None = None, call: str = "") -> dict[str, Any]:
    place = Place(kind=kind, file="net.py" if line else "", line=line, call=call)
    return finding(fault, place=place.to_dict())


def changes(found: dict[str, Any]) -> list[Any]:
    return [remedy.changes[0] for remedy in remedies_for(found)]


def test_a_place_comes_back_from_json():
    place = place_at(Site("my net.py", 12, "forward", "x"), "call", parameters=("a", "b"), call="log")
    assert place_from(json.loads(json.dumps(place.to_dict()))) == place
    assert place.script_line == "my net.py:12"
    assert NOWHERE.script_line is None
    assert place_from({}) == NOWHERE


def test_a_line_of_a_notebook_is_within_its_cell():
    site = Site("a.ipynb, cell 3", 2, "<module>", "x")
    place = place_at(site, "loss")
    assert (place.file, place.cell, place.line) == ("a.ipynb", 3, 2)
    assert place.script_line is None
    assert place.is_at(site)
    assert not place.is_at(Site("a.ipynb, cell 4", 2, "<module>", "x"))
    assert not place.is_at(None)


def test_a_cut_is_undone_at_its_line():
    for call in ("detach", "data", "tensor", "as_tensor"):
        assert changes(placed("detached_graph", "call", line=12, call=call)) == [
            {"change": "no_cut", "line": "net.py:12"}
        ]
    assert changes(placed("detached_graph", "call", line=12, call="no_grad")) == [
        {"change": "gradients_inside"}
    ]
    assert changes(placed("detached_graph", "call", line=12, call="grad")) == [
        {"change": "create_graph", "line": "net.py:12"}
    ]
    assert changes(placed("detached_graph", "loss", line=4)) == []
    assert changes(placed("detached_graph", "call", line=12, call="argmax")) == []
    assert changes(placed("detached_graph", "call", call="detach")) == []


def test_what_is_not_finite_is_told_by_its_operation():
    log = placed("nonfinite_values", "call", line=5, call="log")
    assert [one["change"] for one in changes(log)] == ["away_from_pole", "clip", "lr"]
    linear = placed("nonfinite_values", "call", line=5, call="linear")
    assert [one["change"] for one in changes(linear)] == ["clip", "lr"]
    assert changes(placed("nonfinite_values", "data")) == [{"change": "finite_inputs"}]


@pytest.mark.parametrize("norm", [4.6, 120.0, None])
def test_clipping_is_loosened_to_what_the_finding_says(norm: float | None):
    tight = finding("clip_too_tight", remedy={"text": "", "code": "", "value": norm})
    assert changes(tight) == [{"change": "looser_clip", "norm": norm}]


def test_classes_fitted_as_numbers_need_another_network():
    assert changes(placed("wrong_loss", "sign", line=3)) == [{"change": "other_sign"}]
    assert changes(placed("wrong_loss", "targets", line=3)) == [{"change": "signed_targets"}]
    classes = placed("wrong_loss", "loss", line=3)
    assert changes(classes) == []
    assert why_not(classes) == "what is wanted instead isn't known well enough"


def test_dropout_on_the_output_is_left_out():
    assert changes(placed("dropout_misuse", "output"))[0]["most"] == 0.0
    assert changes(placed("dropout_misuse", "module"))[0]["most"] == 0.1


def test_no_remedy_hangs_on_how_a_sentence_is_worded():
    """Whatever the words of the findings are, places decide."""
    for fault in ORDER:
        words = finding(fault, where="", evidence=[])
        other = finding(fault, where="the sign of dropout at net.py:3", evidence=["the input batch"] * 2)
        assert remedies_for(words) == remedies_for(other)
