"""CITATION.cff says of the package what the package says of itself."""

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
