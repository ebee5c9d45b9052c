"""Importing the package must stay quick: what is heavy comes in only when it is used."""

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "numba", "scipy", "rich", "cyclopts")


@pytest.mark.parametrize(
    "module",
    ["trainlab", "trainlab.spec", "trainlab.maths", "trainlab.tasks", "trainlab.errors", "trainlab.engine"],
)
def test_importing_it_brings_nothing_heavy(module: str):
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert "trainlab" in loaded
    assert loaded.isdisjoint(HEAVY)
