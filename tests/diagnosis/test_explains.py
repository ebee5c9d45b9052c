"""Symptoms stand under their causes."""

from __future__ import annotations

import pytest

from trainlab.diagnosis import Finding
from trainlab.diagnosis.faults import ORDER, all_faults
from trainlab.diagnosis.judge.diagnose import explained, in_order_of_blame


def finding(fault: str, confidence: float = 0.9) -> Finding:
    return Finding(fault=fault, where="here", confidence=confidence, evidence=("1",), remedy="Do.")


def told(*faults: str) -> list[tuple[str, str | None]]:
    return [(one.fault, one.consequence_of) for one in explained([finding(fault) for fault in faults])]


def test_the_table_speaks_of_known_faults_and_no_pair_stands_there_twice():
    known = all_faults().values()
    pairs = [(cause.name, symptom) for cause in known for one in cause.explains for symptom in one.symptoms]
    assert len(pairs) == len(set(pairs))
    assert {name for pair in pairs for name in pair} <= set(ORDER)
    assert all(cause != symptom for cause, symptom in pairs)
    assert all(one.why and not one.why.endswith(".") for cause in known for one in cause.explains)


@pytest.mark.parametrize("symptom", ["nonfinite_values", "dead_relu", "loss_plateau", "oscillating_loss"])
def test_a_rate_too_large_explains(symptom: str):
    assert told("lr_too_high", symptom) == [("lr_too_high", None), (symptom, "lr_too_high")]


def test_a_chain_goes_from_cause_to_cause():
    assert told("lr_too_high", "exploding_gradient", "nonfinite_values", "loss_plateau") == [
        ("lr_too_high", None),
        ("exploding_gradient", "lr_too_high"),
        ("nonfinite_values", "exploding_gradient"),
        ("loss_plateau", "nonfinite_values"),
    ]


def test_saturation_comes_of_what_was_so_from_the_start():
    assert told("unnormalised_inputs", "lr_too_high", "saturated_activation") == [
        ("unnormalised_inputs", None),
        ("lr_too_high", "unnormalised_inputs"),
        ("saturated_activation", "unnormalised_inputs"),
    ]
    assert told("lr_too_high", "saturated_activation")[1] == ("saturated_activation", "lr_too_high")


def test_what_nothing_explains_comes_before_what_something_explains():
    assert told("lr_too_high", "dead_relu", "train_mode_evaluation") == [
        ("lr_too_high", None),
        ("train_mode_evaluation", None),
        ("dead_relu", "lr_too_high"),
    ]


def test_nothing_is_explained_by_what_is_blamed_after_it():
    assert told("dead_relu", "lr_too_high") == [("dead_relu", None), ("lr_too_high", None)]
    assert told("frozen_params", "overfitting") == [("frozen_params", None), ("overfitting", None)]


def test_a_consequence_says_why():
    _, symptom = explained([finding("zero_init"), finding("vanishing_gradient")])
    why = all_faults()["zero_init"].why("vanishing_gradient")
    assert why
    assert symptom.because == symptom.to_dict()["because"] == why


def test_a_nan_without_a_pole_is_blamed_after_what_blew_it_up():
    ranked = in_order_of_blame([finding("nonfinite_values", 0.7), finding("lr_too_high")])
    assert [one.fault for one in explained(ranked)] == ["lr_too_high", "nonfinite_values"]
    ranked = in_order_of_blame([finding("nonfinite_values", 0.95), finding("lr_too_high")])
    first, second = explained(ranked)
    assert (first.fault, second.consequence_of) == ("nonfinite_values", "nonfinite_values")


def test_every_cause_can_come_before_one_of_its_symptoms():
    place = {name: at for at, name in enumerate(ORDER)}
    moved = {"exploding_gradient", "nonfinite_values"}
    for cause in ORDER:
        for one in all_faults()[cause].explains:
            later = [name for name in one.symptoms if place[name] > place[cause] or {cause, name} & moved]
            assert later, cause


def test_what_is_blamed_first_explains():
    for name, fault in all_faults().items():
        assert all(all_faults()[cause].why(name) for cause in fault.first_blamed)
