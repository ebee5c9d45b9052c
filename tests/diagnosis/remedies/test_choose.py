"""Which remedies a finding has, and where they act."""

from __future__ import annotations

import inspect

import pytest
from diagnosis.remedies.made_runs import finding

from trainlab.diagnosis.faults import ORDER
from trainlab.diagnosis.remedies.applied import CHANGES
from trainlab.diagnosis.remedies.choose import remedies_for, why_not
from trainlab.diagnosis.remedies.usual import line_of

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


def test_the_place_of_a_finding():
    where = ".data at my-net.py:12, in forward(): `h = self.a(x).data` in a; before it: b.py:3"
    assert line_of(finding("detached_graph", where=where)) == "my-net.py:12"
    assert line_of(finding("detached_graph", where="<ipython-input-3>:7: `x`")) == "<ipython-input-3>:7"
    assert line_of(finding("detached_graph", where="fc1")) is None


def test_a_cut_is_undone_at_its_line():
    cut = finding("detached_graph", where="detach() at net.py:12, in forward(): `…`; before it: fc1")
    assert remedies_for(cut)[0].changes == ({"change": "no_cut", "line": "net.py:12"},)
    inside = finding("detached_graph", where="torch.no_grad() at net.py:12 in body; before it: body")
    assert remedies_for(inside)[0].changes == ({"change": "gradients_inside"},)
    assert remedies_for(finding("detached_graph", where="the loss at train.py:4: `…`")) == ()
    assert remedies_for(finding("detached_graph", where="argmax() at net.py:12")) == ()


def test_what_is_not_finite_is_told_by_its_operation():
    log = finding("nonfinite_values", where="log at train.py:5: `torch.log(p)`")
    assert [remedy.changes[0]["change"] for remedy in remedies_for(log)] == ["away_from_pole", "clip", "lr"]
    linear = finding("nonfinite_values", where="linear at train.py:5: `…`")
    assert [remedy.changes[0]["change"] for remedy in remedies_for(linear)] == ["clip", "lr"]
    batch = finding("nonfinite_values", where="the input batch at step 3: the data has NaN")
    assert [remedy.changes[0]["change"] for remedy in remedies_for(batch)] == ["finite_inputs"]


@pytest.mark.parametrize(
    ("code", "norm"),
    [
        ("torch.nn.utils.clip_grad_norm_(model.parameters(), 4.6)", 4.6),
        ("# a.py:3\n- clip_grad_norm_(p, max_norm=0.001)\n+ clip_grad_norm_(p, max_norm=1.2e+02)", 120.0),
        ("", None),
    ],
)
def test_clipping_is_loosened_to_what_the_finding_says(code: str, norm: float | None):
    tight = finding("clip_too_tight", remedy={"text": "", "code": code})
    assert remedies_for(tight)[0].changes == ({"change": "looser_clip", "norm": norm},)


def test_classes_fitted_as_numbers_need_another_network():
    turned = finding("wrong_loss", where="the sign of the loss at train.py:3")
    assert remedies_for(turned)[0].changes == ({"change": "other_sign"},)
    signed = finding("wrong_loss", where="the targets of soft_margin_loss at train.py:3")
    assert remedies_for(signed)[0].changes == ({"change": "signed_targets"},)
    classes = finding("wrong_loss", where="mse_loss at train.py:3")
    assert remedies_for(classes) == ()
    assert why_not(classes) == "classes need an output each, so another last layer"


def test_dropout_on_the_output_is_left_out():
    on_output = finding(
        "dropout_misuse", evidence=["dropout (p = 0.5) acts on the network's output, after it"]
    )
    assert remedies_for(on_output)[0].changes[0]["most"] == 0.0
    assert remedies_for(finding("dropout_misuse"))[0].changes[0]["most"] == 0.1
