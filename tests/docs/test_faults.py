"""docs/faults.md and docs/signals.md say what the rules do, and nothing else."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from docs.pages import ROOT

from measure import blocks
from trainlab.diagnosis.faults import ORDER, all_faults


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.pages
def test_the_pages_are_what_the_rules_give():
    wanted = blocks.files({"faults": None})
    names = {"docs/faults.md", "docs/signals.md", "docs/pictures/doctor-layers.svg"}
    assert {str(path) for path in wanted} == names
    assert blocks.stale(wanted) == [], "out of date: run scripts/measure faults"


@pytest.mark.parametrize("name", ORDER)
def test_a_finding_leads_to_a_section(name: str):
    path, _, anchor = all_faults()[name].link.partition("#")
    headings = re.findall(r"^### (\w+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert headings.count(anchor) == 1


def test_no_section_is_of_a_fault_that_no_rule_finds():
    assert sorted(re.findall(r"^### (\w+)$", page("faults.md"), re.MULTILINE)) == sorted(ORDER)


def test_no_threshold_is_left_in_braces():
    words = [text for fault in all_faults().values() for text in (fault.rule, fault.silence)]
    assert not [text for text in words if re.search(r"[{}]", text)]
    assert not re.search(r"\{[A-Z_]+[:}]", page("faults.md"))


def test_a_threshold_on_the_page_is_the_rules_own(monkeypatch: pytest.MonkeyPatch):
    from trainlab.diagnosis.faults import fading_signals

    source = Path(fading_signals.__file__).read_text(encoding="utf-8")
    exec(source.replace("DEAD = 0.9", "DEAD = 0.77"), changed := {"__name__": "changed"})
    monkeypatch.setitem(sys.modules, "changed", SimpleNamespace(**changed, __file__=fading_signals.__file__))
    monkeypatch.setitem(all_faults(), "dead_relu", changed["DEAD_RELU"])
    sections = blocks.load("faults").sections()
    assert "over 77 % of a layer's units" in sections
    assert "`DEAD = 0.77`" in sections
