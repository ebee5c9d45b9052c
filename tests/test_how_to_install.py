"""A line says what installs an extra: from where this copy came, by this environment's own pip."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trainlab.errors import how_to_install, lacking, pip_install

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Copy:
    """An installed trainlab, as importlib.metadata shows it."""

    origin: dict[str, Any] | None
    requires: tuple[str, ...] = ("numpy>=1", "torch>=2.6; extra == 'torch'", 'torch>=2.6; extra == "lab"')

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self.origin is None else json.dumps(self.origin)


@pytest.fixture
def own_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An active environment: its Python runs, its pip is the first on the path."""
    folder = tmp_path / "environment" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "pip"):
        (folder / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def installed(origin: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Copy(origin=origin))


@pytest.mark.usefixtures("own_pip")
def test_a_clone_or_folder_is_asked_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    clone = tmp_path / "my clone"
    clone.mkdir()
    installed({"url": clone.as_uri(), "dir_info": {"editable": True}}, monkeypatch)
    assert how_to_install("torch") == f"pip install -e '{clone}[torch]'"
    installed({"url": clone.as_uri(), "dir_info": {}}, monkeypatch)
    assert how_to_install("torch") == f"pip install '{clone}[torch]'"


@pytest.mark.usefixtures("own_pip")
def test_a_file_is_asked_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    wheel = tmp_path / "trainlab-0.1.0-py3-none-any.whl"
    wheel.touch()
    installed({"url": wheel.as_uri(), "archive_info": {}}, monkeypatch)
    assert how_to_install("lab") == f"pip install '{wheel}[lab]'"


@pytest.mark.usefixtures("own_pip")
@pytest.mark.parametrize("extra", ["torch", "lab"])
def test_where_it_came_from_is_gone_its_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, extra: str
):
    installed({"url": (tmp_path / "gone").as_uri(), "dir_info": {"editable": True}}, monkeypatch)
    assert how_to_install(extra) == "pip install 'torch>=2.6'"


@pytest.mark.usefixtures("own_pip")
@pytest.mark.parametrize(
    ("origin", "asked"),
    [
        (
            {"url": "https://host/t.git", "vcs_info": {"vcs": "git", "commit_id": "12ab"}},
            "trainlab[torch] @ git+https://host/t.git@12ab",
        ),
        (
            {"url": "file:///my t", "vcs_info": {"vcs": "git", "commit_id": "12ab"}},
            "trainlab[torch] @ git+file:///my%20t@12ab",
        ),
        (
            {"url": "https://host/trainlab-0.1.0-py3-none-any.whl", "archive_info": {}},
            "trainlab[torch] @ https://host/trainlab-0.1.0-py3-none-any.whl",
        ),
        (None, "trainlab[torch]"),
    ],
    ids=["repository", "repository here", "address", "index"],
)
def test_an_address_or_index_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any] | None, asked: str
):
    installed(origin, monkeypatch)
    assert how_to_install("torch") == f"pip install '{asked}'"


def test_pip_is_that_of_this_environment(monkeypatch: pytest.MonkeyPatch, own_pip: Path, tmp_path: Path):
    assert pip_install("pandas") == "pip install pandas"
    other = tmp_path / "other"
    other.mkdir()
    for name in ("pip", "uv"):
        (other / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{other}:{own_pip}")
    assert pip_install("torch>=2.6") == f"{own_pip}/python -m pip install 'torch>=2.6'"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # uv makes environments without pip
    (own_pip / "pip").unlink()
    assert pip_install("pandas") == f"uv pip install --python {own_pip}/python pandas"
    (other / "uv").unlink()
    assert pip_install("pandas") == f"{own_pip}/python -m pip install pandas"


def test_what_lacks_is_said_in_a_line():
    way = how_to_install("torch")
    assert lacking("why", "PyTorch", extra="torch") == (
        f"why: needs PyTorch, which isn't installed. Install it with: {way}"
    )
    assert lacking("a", "B", extra="torch", instead="Use c") == (
        f"a: needs B, which isn't installed. Use c, or install it with: {way}"
    )


def test_nobody_else_says_how_to_install_and_every_extra_exists():
    """A line typed elsewhere would name an index that has no trainlab."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = set(table["project"]["optional-dependencies"])
    asked: set[str] = set()
    for file in (ROOT / "src").rglob("*.py"):
        text = file.read_text("utf-8")
        asked |= set(re.findall(r"(?:extra=|how_to_install\()[\"'](\w+)", text))
        if file.name != "errors.py":
            assert not re.search(r"pip install|trainlab\[[a-z]", text), file
    assert {"torch", "data", "lab", "ray", "notebook", "lightning"} <= asked <= extras
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        text = page.read_text("utf-8")
        assert not re.search(r"trainlab\[[a-z]", text), page
        assert set(re.findall(r"'\.\[(\w+)\]'", text)) <= extras, page
