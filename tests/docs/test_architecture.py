"""docs/architecture.md and CONTRIBUTING.md are written from the code as it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

import pytest
from docs.pages import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLACES = ("src", "measure", "examples", "docs", "tests", "scripts", ".ci")
FOLDERS = {path.name for place in ("", "src/trainlab") for path in (ROOT / place).iterdir() if path.is_dir()}
ROOMS = {"trainlab", *(path.stem for path in (ROOT / "src" / "trainlab").iterdir())}
USERS = {("src/trainlab/diagnosis/remedies/changes/graph.py", "file.py")}
"""Files of users, as an example has them."""


@pytest.mark.computes
def test_every_file_and_module_that_is_named_exists():
    """On all pages, in docstrings and in comments: paths, and modules written as ``room.module``."""
    files = [path.relative_to(ROOT).as_posix() for place in PLACES for path in (ROOT / place).rglob("*.*")]
    files += [path.name for path in ROOT.glob("*.md")]
    endings = {file[at:] for file in files for at in (0, *(match.end() for match in re.finditer("/", file)))}
    modules = [file for file in files if file.startswith("src/") and file.endswith(".py")]
    names = {file: set(re.findall(r"\w+", (ROOT / file).read_text(encoding="utf-8"))) for file in modules}
    written = [file for file in files if file.startswith(("src/", "docs/", "measure/"))]
    texts = [file for file in files if file.endswith(".md") or (file in written and "/tests/" not in file)]
    named = [(file, name) for file in texts for name in _named(file)]
    assert len(named) > 500
    missing = {one for one in named if one[1] not in endings and not _is_module(one[1], names)}
    assert missing - USERS == set()
    assert USERS - missing == set(), "it exists by now, or isn't named any more: take it off the list"


def test_every_module_that_tests_name_in_a_string_exists():
    """What is patched, looked for among processes, or run as a command: no import would miss it."""
    files = [path for place in ("tests", "measure", ".ci") for path in (ROOT / place).rglob("*.py")]
    modules = {
        path.relative_to(ROOT).as_posix(): set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        for path in (ROOT / "src").rglob("*.py")
    }
    named = [
        (path.name, name)
        for path in files
        for name in re.findall(r"""["'](?:-m )?(trainlab(?:\.\w+)+)""", path.read_text(encoding="utf-8"))
    ]
    assert len(named) > 100
    missing = {one for one in named if not _is_module(one[1], modules)}
    made_up = "trainlab.diagnosis.faults." + "rate_above_one"  # by test_a_new_fault.py
    assert missing == {("test_a_new_fault.py", made_up)}


def test_what_is_named_is_found():
    told = "See outputs.py, `engine.runs`, docs/no.md, a `torch.nn` and `report.details()`; not first.toml."
    assert list(_references(told)) == ["outputs.py", "docs/no.md", "engine.runs"]
    modules = {"src/trainlab/tasks/build.py": {"content"}, "src/trainlab/tasks/__init__.py": {"File"}}
    known = ("tasks.build", "tasks.build.content", "tasks.File", "trainlab.tasks.build")
    assert all(_is_module(name, modules) for name in known)
    assert not any(_is_module(name, modules) for name in ("tasks.built", "tasks.build.none", "outputs.py"))


def _named(file: str) -> Iterator[str]:
    """Yield what a file names: a page's text, or docstrings and comments."""
    if file.endswith((".md", ".py")):
        text = (ROOT / file).read_text(encoding="utf-8")
        for part in [text] if file.endswith(".md") else re.findall(r'"""[\s\S]*?"""|#.*', text):
            yield from _references(part)


def _references(text: str) -> Iterator[str]:
    paths = re.findall(r"(?<![\w./<{*-])(?:[\w-]+/)*[a-z_][\w-]*\.(?:py|js|md|css|rst)(?![\w/*(.])", text)
    yield from (path for path in paths if "/" not in path or path.split("/")[0] in FOLDERS)
    for name in re.findall(r"`([a-z_]+(?:\.\w+)+)`", text):
        if name.split(".")[0] in ROOMS and name not in paths:
            yield name


def _is_module(name: str, modules: Mapping[str, set[str]]) -> bool:
    """Whether a dotted name is a module, or something in one, from wherever in the package it begins."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = "/" + "/".join(parts[:length])
        for file, names in modules.items():
            if file.endswith((f"{place}.py", f"{place}/__init__.py")):
                return length == len(parts) or parts[length] in names
    return False


def test_every_folder_on_the_page_exists():
    folders = {str(path) for place in PLACES for path in (ROOT / place).rglob("*") if path.is_dir()}
    named = re.findall(r"`([\w/]+)/`", PAGE)
    assert len(named) > 20
    missing = [
        name
        for name in named
        if not (ROOT / name).is_dir() and not any(path.endswith(f"/{name}") for path in folders)
    ]
    assert missing == []


def test_every_file_of_the_package_is_in_its_rooms_row():
    package = ROOT / "src" / "trainlab"
    rows = {
        name.removesuffix("/"): {
            f"{stem}{'.js' if name == 'web/static/' else '.py'}" for stem in files.split(", ")
        }
        for name, files in re.findall(r"^\| `([\w/]+/)` \| [^|]+ \| ([\w, ]+) \|$", PAGE, re.MULTILINE)
    }
    rows[""] = rows.pop("trainlab")
    there: dict[str, set[str]] = {}
    for path in (*package.rglob("*.py"), *package.glob("web/static/*.js")):
        if not path.name.startswith("__"):
            room = path.parent.relative_to(package).as_posix().removeprefix(".")
            there.setdefault(room, set()).add(path.name)
    assert rows == there


def test_each_docstring_begins_with_what_the_file_is_about():
    """The page names the files that one has to know; a room's list is how its files' docstrings begin."""
    for path in (ROOT / "src").rglob("*.py"):
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len(told.splitlines()[0]) > 20, path


def test_every_decision_is_listed():
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        assert f"](decisions/{path.name})" in PAGE
