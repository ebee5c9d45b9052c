"""``trainlab faults``: the faults in a line each, one of them whole, and no library for either."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cli.calling import Caller, assert_refused, environment

from trainlab.diagnosis.fault import FAMILIES
from trainlab.diagnosis.faults import ORDER, all_faults, families


def test_all_faults_by_family_a_line_each(trainlab: Caller) -> None:
    lines = trainlab("faults").out.splitlines()
    assert lines[0].startswith(f"{len(ORDER)} faults")
    assert [line for line in lines[1:] if line and not line.startswith(" ")] == list(FAMILIES)
    named = [line.split(maxsplit=1) for line in lines if line.startswith("  ")]
    assert named == [
        [fault.name, fault.title] for fault in (fault for family in families().values() for fault in family)
    ]


@pytest.mark.parametrize("name", ORDER)
def test_a_fault_has_its_rule_remedy_and_relations(trainlab: Caller, name: str) -> None:
    outcome = trainlab("faults", name)
    assert (outcome.code, outcome.err) == (0, "")
    lines, fault = outcome.out.splitlines(), all_faults()[name]
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 30
    text = " ".join(outcome.out.split())
    for words in (fault.title, fault.what, fault.rule, fault.silence, fault.remedy):
        assert " ".join(words.split()) in text


def test_relations_and_hyphens(trainlab: Caller) -> None:
    text = " ".join(trainlab("faults", "Vanishing-Gradient").out.split())
    assert "comes from loss_activation_mismatch, " in text
    assert "brings lr_too_low, loss_plateau" in text
    assert "more trainlab explain chain-rule, trainlab explain init" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vanishing_gradiant", "Did you mean 'vanishing_gradient'?"),
        ("vanish", "Did you mean 'vanishing_gradient'?"),
        ("xyzzy", "'xyzzy': the doctor knows no such fault. Their names: trainlab faults"),
    ],
)
def test_an_unknown_fault_gets_the_nearest(trainlab: Caller, name: str, words: str) -> None:
    assert_refused(trainlab("faults", name), words)


def test_it_needs_neither_torch_nor_numba_nor_scipy() -> None:
    script = """if True:
        import sys
        from trainlab.cli.main import app
        app(["faults"], result_action="return_value")
        app(["faults", "dead_relu"], result_action="return_value")
        heavy = {"torch", "numba", "scipy"} & set(sys.modules)
        sys.exit(f"imported {heavy}" if heavy else 0)
    """
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment(), text=True, capture_output=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
