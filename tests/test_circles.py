"""No file imports another in a circle, and those that know each other's types can only become fewer."""

from __future__ import annotations

from pathlib import Path

import pytest
from circles import circles, imports_of

import trainlab

PACKAGE = Path(trainlab.__file__).parent
BY_TYPES = {
    # A result and the files that have its words and pictures: it calls them, and they name its type.
    ("diagnosis/report/report.py", "diagnosis/report/sections.py", "diagnosis/report/show.py"),
    ("spec/experiment.py", "spec/rules.py"),
    (
        "studies/answer.py",
        "studies/answer_by_score.py",
        "studies/answer_by_solved.py",
        "studies/answer_score_parts.py",
        "studies/result.py",
        "studies/study_columns.py",
    ),
    ("studies/maps/result.py", "studies/maps/show.py"),
}
"""The circles that only type checkers meet. A new one is mended, not added."""
IN_EXPLAIN = 1
"""How many more there are in explain/, whose files are finding their places: the chain rule's of a module."""


@pytest.mark.computes
def test_files_import_each_other_in_no_circle():
    assert circles(imports_of(PACKAGE)) == []


@pytest.mark.computes
def test_circles_of_types_become_fewer():
    every = set(circles(imports_of(PACKAGE, types=True)))
    found = {circle for circle in every if not circle[0].startswith("explain/")}
    assert len(every - found) <= IN_EXPLAIN
    assert found - BY_TYPES == set(), "mend it: move what both need to a file of its own"
    assert BY_TYPES - found == set(), "it is mended: take it off the list"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    files = {
        "__init__.py": "from one.a import x\n",
        "a.py": "import one.b as b\n",
        "b.py": "from one import c\n",
        "c.py": "import json\n",
        "d.py": "if TYPE_CHECKING:\n    from .e import x\nelse:\n    import json\n",
        "e.py": "from . import d\n",
        "inner/__init__.py": "from .g import x\n",
        "inner/g.py": "class A:\n    def f(self):\n        from ..inner import y\n",
    }
    for name, text in files.items():
        (tmp_path / "one" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "one" / name).write_text(text)
    return tmp_path / "one"


def test_what_counts_as_an_import(package: Path):
    assert imports_of(package) == {
        "__init__.py": {"a.py"},
        "a.py": {"b.py"},
        "b.py": {"c.py"},
        "c.py": set(),
        "d.py": set(),
        "e.py": {"d.py"},
        "inner/__init__.py": {"inner/g.py"},
        "inner/g.py": {"inner/__init__.py"},
    }
    assert imports_of(package, types=True)["d.py"] == {"e.py"}


def test_circles_are_found(package: Path):
    inner = ("inner/__init__.py", "inner/g.py")
    assert circles(imports_of(package)) == [inner]
    assert circles(imports_of(package, types=True)) == [("d.py", "e.py"), inner]
    for text in (
        "try:\n    from one.a import x\nexcept ImportError:\n    pass\n",
        "def f():\n    from one.a import x\n",
        "async def f():\n    match x:\n        case 1:\n            import one.a\n",
    ):
        (package / "c.py").write_text(text)
        assert circles(imports_of(package)) == [("a.py", "b.py", "c.py"), inner]
