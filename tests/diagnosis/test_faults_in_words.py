"""What is said of each fault and signal: all of them, and of things that there are."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import trainlab
from trainlab.diagnosis.fault import FAMILIES
from trainlab.diagnosis.faults import ORDER, all_faults
from trainlab.diagnosis.signals.table import SIGNALS

ROOT = Path(__file__).parents[2]
ROOM = Path(trainlab.__file__).parent / "diagnosis"


def test_every_fault_stands_once_in_the_order_of_blame_and_in_one_family():
    topics = [path.read_text(encoding="utf-8") for path in (ROOM / "faults").glob("*.py")]
    declared = [name for topic in topics for name in re.findall(r'^    name="(\w+)",$', topic, re.MULTILINE)]
    assert sorted(declared) == sorted(ORDER)
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


@pytest.mark.parametrize("name", ORDER)
def test_every_threshold_of_the_judge_stands_in_the_rule(name: str):
    """A branch that fires or keeps silent by a threshold is one that the page has to name."""
    module = sys.modules[all_faults()[name].judge.__module__]
    used, told = _thresholds(name, inspect.getsource(module), vars(module))
    assert used - told == set(), "name it in `formula`, `silent` or `proven`"


def test_a_threshold_that_a_rule_leaves_out_is_seen():
    """That of a function that the judge calls, too; what only the picture uses is none."""
    source = (
        "def judge(training):\n    return other(training) > HALF\n"
        "def other(training):\n    return min(LEAST, LARGE)\ndef draw(training):\n    return DRAWN\n"
        "HALVED = Fault(name='halved', formula=f'above {HALF}', silent=f'below {LEAST}', judge=judge,"
        "picture=draw)\n"
    )
    values = {"HALF": 0.5, "LEAST": 3, "LARGE": 9, "DRAWN": 1}
    assert _thresholds("halved", source, values) == ({"HALF", "LEAST", "LARGE"}, {"HALF", "LEAST"})


def _thresholds(name: str, source: str, values: Mapping[str, object]) -> tuple[set[str], set[str]]:
    """Return the numbers that a judge reads in its own section, and those that its rule names.

    Names that begin with ``_`` are no thresholds, as on the page.
    """
    functions: dict[str, ast.FunctionDef] = {}
    words: dict[str | None, ast.expr] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            words = {each.arg: each.value for each in node.value.keywords}
            if "name" in words and ast.literal_eval(words["name"]) == name:
                break
            functions = {} if "name" in words else functions
    left, met = [ast.unparse(words["judge"])], set[str]()
    while left:
        for found in _names(functions[left.pop()]) - met:
            met.add(found)
            left += [found] if found in functions else []
    numbers = {key for key, value in values.items() if key.isupper() and isinstance(value, int | float)}
    told = set[str]().union(
        *(_names(words[part]) for part in ("formula", "silent", "proven") if part in words)
    )
    return {key for key in met & numbers if key[0] != "_"}, told & numbers


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def test_signals_are_where_the_table_says():
    names = [one.name for one in SIGNALS]
    assert len(names) == len(set(names)) >= 30
    for one in SIGNALS:
        assert (ROOM / one.home).exists(), one.name
        assert any(one.name in fault.signals for fault in all_faults().values()), one.name
    assert {name for fault in all_faults().values() for name in fault.signals} <= set(names)
