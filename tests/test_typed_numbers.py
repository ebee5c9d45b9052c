"""A number that a constant rules isn't typed a second time in the messages, rules and help of its file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import trainlab

PACKAGE = Path(trainlab.__file__).parent
ROUND = {0, 1, 2, 3, 10, 100}
"""Numbers that stand for themselves too often to mean a constant, unless they are shares in per cent."""
OTHERS = {
    # An example of widths, of seeds, of code; a number of others; an encoding; dashes; what a task demands.
    ("cli/new_for_data.py", "20"),
    ("diagnosis/signals/learning.py", "5"),
    ("diagnosis/signals/learnt.py", "0.9"),
    ("diagnosis/faults/large_start.py", "0.5"),
    ("diagnosis/faults/wrong_losses.py", "0.5"),
    ("diagnosis/faults/loss_curve.py", "1e3"),
    ("diagnosis/faults/loss_curve.py", "1e-6"),
    ("diagnosis/faults/fading_signals.py", "1e-3"),
    ("diagnosis/seeds/population_words.py", "95 %"),
    ("draw/chain_charts.py", "5"),
    ("draw/network_chart.py", "5"),
    ("draw/svg.py", "12"),
    ("explain/questions/init/draws.py", "4,"),
    ("web/course.py", "0.1"),
    ("web/server.py", "8"),
}
"""Numbers in words that only happen to be those of a constant."""


@pytest.mark.computes
def test_no_number_in_words_is_a_constant_typed_again():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    everywhere: dict[str, set[float]] = {}
    for tree in trees.values():
        for name, value in _constants(tree):
            everywhere.setdefault(name, set()).add(value)
    found = {
        (path.relative_to(PACKAGE).as_posix(), word)
        for path, tree in trees.items()
        for part in _parts(tree)
        for word in _typed(part, {**_imported(tree, everywhere), **dict(_constants(part))})
    }
    assert found - OTHERS == set(), "let the words be made of the constant"
    assert OTHERS - found == set(), "it is gone: take it off the list"


def test_what_counts_as_typed_again():
    tree = ast.parse(
        "NEAR, FAR = 0.05, 1e-4\nMOST: int = 40\n"
        "def told():\n    'Not of 40 in a docstring.'\n"
        "    return f'below 5 % of {MOST} and 40 x', 'at 1e-4 of it', '40', 'of 400 and 10 rows'\n"
    )
    assert dict(_constants(tree)) == {"NEAR": 0.05, "FAR": 1e-4, "MOST": 40}
    assert sorted(_typed(tree, dict(_constants(tree)))) == ["1e-4", "40", "5 %"]


def _parts(tree: ast.Module) -> Iterator[ast.Module]:
    """Yield a file in parts: each of the doctor's faults ends one."""
    part: list[ast.stmt] = []
    for node in tree.body:
        part.append(node)
        called = (
            node.value.func if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else None
        )
        if isinstance(called, ast.Name) and called.id == "Fault":
            yield ast.Module(part, [])
            part = []
    yield ast.Module(part, [])


def _constants(tree: ast.Module) -> Iterator[tuple[str, float]]:
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
        pairs = zip(target.elts, node.value.elts, strict=True) if several else [(target, node.value)]
        for name, value in pairs:
            named = isinstance(name, ast.Name) and name.id.isupper()
            if named and isinstance(value, ast.Constant) and type(value.value) in (int, float):
                yield name.id, value.value


def _imported(tree: ast.Module, everywhere: Mapping[str, set[float]]) -> dict[str, float]:
    """Return the constants that a file imports, as far as their names tell which they are."""
    names = [each.name for node in tree.body if isinstance(node, ast.ImportFrom) for each in node.names]
    return {name: min(everywhere[name]) for name in names if len(everywhere.get(name, ())) == 1}


def _typed(tree: ast.Module, constants: Mapping[str, float]) -> Iterator[str]:
    nodes = list(ast.walk(tree)) if constants else []
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docstrings:
            continue
        numbers = re.finditer(r"(?<![\w.])(\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)( ?%)?(?![\w.])", node.value)
        for each in numbers if " " in node.value else ():
            value = float(each[1].replace(",", ""))
            share = value / 100 if each[2] else value
            if share in constants.values() and (each[2] or value not in ROUND):
                yield each[0]
