"""CITATION.cff and the scripts say of the package what pyproject.toml says."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

import trainlab

ROOT = Path(__file__).parents[1]


def test_the_citation_is_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cited["cff-version"] == "1.2.0"
    assert cited["title"] == project["name"]
    assert cited["version"] == project["version"] == trainlab.__version__
    assert cited["license"] == project["license"]
    assert cited["authors"] == project["authors"]


def test_the_oldest_versions_can_be_asked_for():
    """As scripts/test --versions oldest does: each promise is read, that of an extra of Ray's, too."""
    lines = subprocess.run(
        [sys.executable, ROOT / "scripts/oldest_versions.py"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "ray==2.40" in lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9.]+", line) for line in lines)
