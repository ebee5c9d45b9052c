"""What changes the digest of sources, and what doesn't."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import pytest

import trainlab
from trainlab.engine import source_digest as digests
from trainlab.engine.source_digest import source_digest, syntax

SOURCE = '''\
"""A module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 0.5


class Step(dict):
    """A step."""

    size: float = 0.1
    rate: float

    def take(self, value: float, *, times: int = 2) -> float:
        """Return it."""
        half: float = value / 2
        if value > LIMIT:
            raise ValueError(f"value = {value}: too large")
        return half * times - self.size
'''
SAME = {
    "a docstring": ('"""Return it."""', '"""Return the value after some steps."""'),
    "no docstring": ('    """A step."""\n\n', ""),
    "a comment": ("LIMIT = 0.5", "LIMIT = 0.5  # as in the paper"),
    "what is said of a constant": ("LIMIT = 0.5", 'LIMIT = 0.5\n"""As in the paper."""'),
    "an argument's annotation": ("value: float", "value: float | None"),
    "what a function returns": (" -> float", ""),
    "a constant's annotation": ("LIMIT = 0.5", "LIMIT: Final = 0.5"),
    "a variable's annotation": ("half: float = ", "half = "),
    "a mere declaration": ("        half:", "        later: int\n        half:"),
    "an import for types": ("    from pathlib import Path", "    from os import PathLike"),
    "what an error says": ('f"value = {value}: too large"', '"too large", LIMIT'),
    "how it is laid out": ("half * times - self.size", "(half * times\n            - self.size)"),
}
OTHER = {
    "a constant": ("LIMIT = 0.5", "LIMIT = 0.25"),
    "its type": ("times: int = 2", "times: int = 2.0"),
    "an operator": ("half * times", "half / times"),
    "precedence": ("half * times - self.size", "half * (times - self.size)"),
    "a comparison": ("value > LIMIT", "value >= LIMIT"),
    "a field's annotation": ("size: float", "size: int"),
    "a field": ("    rate: float\n", ""),
    "a name": ("return half", "return value"),
    "an import": ("import numpy as np", "import torch as np"),
    "the kind of an error": ("ValueError", "TypeError"),
    "no error": ("raise ValueError", "ValueError"),
    "a base class": ("Step(dict)", "Step(list)"),
    "a decorator": ("    def take", "    @staticmethod\n    def take"),
    "a statement more": ("        if value", "        half += 0\n        if value"),
    "where a statement belongs": ("        return half", "            return half"),
}


def edited(old: str, new: str) -> str:
    assert SOURCE.count(old) == 1
    return SOURCE.replace(old, new)


@pytest.mark.parametrize("edit", SAME)
def test_what_changes_no_number_keeps_it(edit: str) -> None:
    assert syntax(edited(*SAME[edit])) == syntax(SOURCE)


@pytest.mark.parametrize("edit", OTHER)
def test_what_may_change_numbers_changes_it(edit: str) -> None:
    assert syntax(edited(*OTHER[edit])) != syntax(SOURCE)


@pytest.mark.parametrize("room", ["maths", "spec", "tasks"])
def test_an_engines_sources_may_be_laid_out_and_described_anew(room: str) -> None:
    """Python's own writer drops comments and layout; it keeps docstrings, which are changed here."""
    for path in sorted((Path(trainlab.__file__).parent / room).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                node.body[0] = ast.Expr(ast.Constant("Described anew."))
        assert syntax(ast.unparse(tree)) == syntax(source), path.name


def test_it_is_the_same_with_every_python() -> None:
    """Python 3.11 and 3.13 made this one; versions differ in which fields are empty."""
    assert hashlib.sha256(syntax(SOURCE).encode()).hexdigest()[:16] == "a21489ca8dbfa89b"


def test_files_and_what_else_is_told_count(tmp_path: Path) -> None:
    one, other = tmp_path / "a.py", tmp_path / "b.py"
    one.write_text("A = 1\n")
    other.write_text("B = 2\n")
    found = {
        source_digest([one, other]),
        source_digest([other, one]),
        source_digest([one]),
        source_digest([one, other], "2.4"),
    }
    assert len(found) == 4
    assert all(len(each) == 16 for each in found)


def test_it_is_kept_and_made_again_where_it_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "cache" / "kept.json"
    monkeypatch.setattr(digests, "_place", lambda: place)
    source = tmp_path / "a.py"
    source.write_text("A = 1\n")
    before = source_digest([source])
    assert before == source_digest([source])
    with monkeypatch.context() as without:
        without.setattr(digests, "syntax", lambda _: pytest.fail("it was kept"))
        assert source_digest([source]) == before
    source.write_text("A = 2\n")
    assert source_digest([source]) != before
    source.write_text("A = 1  # one\n")
    assert source_digest([source]) == before
    for number in range(2 * digests.MOST_KEPT):
        source.write_text(f"A = {number}\n")
        source_digest([source])
    assert place.read_text().count(":") == digests.MOST_KEPT
    for broken in ("", "[]", '{"a": 1}'):
        place.write_text(broken)
        source.write_text("A = 1\n")
        assert source_digest([source]) == before
    monkeypatch.setattr(digests, "_place", lambda: source / "no folder" / "kept.json")
    assert source_digest([source]) == before
