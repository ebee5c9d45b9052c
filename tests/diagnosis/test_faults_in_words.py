"""What is said of each fault and signal: all of them, and of things that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

import trainlab
from trainlab.diagnosis.fault import FAMILIES
from trainlab.diagnosis.faults import ORDER, all_faults
from trainlab.diagnosis.signals.table import SIGNALS

ROOT = Path(__file__).parents[2]
ROOM = Path(trainlab.__file__).parent / "diagnosis"


def test_every_fault_stands_once_in_the_order_of_blame_and_in_one_family():
    files = [path.stem for path in (ROOM / "faults").glob("*.py") if path.stem != "__init__"]
    assert sorted(files) == sorted(ORDER)
    assert {fault.family for fault in all_faults().values()} == set(FAMILIES)
    assert [fault.name for fault in all_faults().values()] == list(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_fault_is_said_in_whole_sentences(name: str):
    fault = all_faults()[name]
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
        assert any(one.name in fault.signals for fault in all_faults().values()), one.name
    assert {name for fault in all_faults().values() for name in fault.signals} <= set(names)
