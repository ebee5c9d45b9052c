"""What is said of each fault and signal: all of them, and of things that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

import trainlab
from trainlab.diagnosis.faults import FAMILIES, FAULTS
from trainlab.diagnosis.rules import ORDER
from trainlab.diagnosis.signals.table import SIGNALS

ROOT = Path(__file__).parents[2]
ROOM = Path(trainlab.__file__).parent / "diagnosis"


def test_every_rule_has_its_words_and_none_stands_in_two_families():
    assert sorted(FAULTS) == sorted(ORDER)
    assert sum(map(len, FAMILIES.values())) == len(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_fault_is_said_in_whole_sentences(name: str):
    fault = FAULTS[name]
    assert not fault.title.endswith(".")
    assert fault.title[0].islower() or fault.title.startswith("ReLU")
    assert fault.what.endswith(".")
    assert fault.remedy.endswith(".")
    assert fault.silent.endswith(".")
    assert "{" not in fault.rule
    assert all((ROOT / "docs" / f"{page}.md").exists() for page in fault.see)


def test_signals_are_where_the_table_says():
    names = [one.name for one in SIGNALS]
    assert len(names) == len(set(names)) >= 30
    for one in SIGNALS:
        assert (ROOM / one.home).exists(), one.name
        assert one.rules
        assert set(one.rules) <= set(ORDER), one.name
