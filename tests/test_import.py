"""Importing the package must stay quick: what is heavy comes in only when it is used."""

import json
import subprocess
import sys

import pytest

COMPUTING = ("torch", "llvmlite", "numba", "scipy", "sklearn", "pyarrow", "contourpy", "jax")
SERVING = ("starlette", "uvicorn", "websockets")
HEAVY = (*COMPUTING, *SERVING, "rich", "cyclopts")


@pytest.mark.parametrize(
    "module",
    ["trainlab", "trainlab.spec", "trainlab.maths", "trainlab.tasks", "trainlab.errors", "trainlab.engine"],
)
def test_importing_it_brings_nothing_heavy(module: str):
    loaded = loaded_by(f"import {module}")
    assert "trainlab" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.process
@pytest.mark.parametrize(
    "words", [["--help"], ["study", "--help"], ["race", "--help"], ["params", "2-3-1"], ["serve", "--help"]]
)
def test_a_command_that_trains_nothing_brings_nothing_that_computes(words: list[str]):
    code = f"from trainlab.cli.main import main\ntry:\n    main({words})\nexcept SystemExit:\n    pass"
    loaded = loaded_by(code)
    assert "cyclopts" in loaded
    assert loaded.isdisjoint((*COMPUTING, *SERVING))


@pytest.mark.process
def test_what_the_doctor_knows_is_listed_without_numpy():
    loaded = loaded_by(
        "from trainlab.cli.main import main\ntry:\n    main(['faults'])\nexcept SystemExit:\n    pass"
    )
    assert "cyclopts" in loaded
    assert loaded.isdisjoint((*COMPUTING, "rich", "numpy", "msgspec"))


def test_what_waits_for_a_script_does_not_compute():
    loaded = loaded_by("import trainlab.diagnosis.script.runner, trainlab.interrupt")
    assert loaded.isdisjoint((*HEAVY, "numpy"))


def test_reading_a_study_brings_nothing_that_computes():
    code = "import trainlab; trainlab.load_study('xor44').cells()[0].experiment.fingerprint"
    assert loaded_by(code).isdisjoint(COMPUTING)


def loaded_by(code: str) -> set[str]:
    """Return the packages that are loaded once the code has run in a process of its own."""
    last = "import sys, json\nprint()\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{last}"], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.process
def test_reports_do_not_load_the_explanations():
    code = "import sys, trainlab.report; print([n for n in sys.modules if n.startswith('trainlab.explain.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['trainlab.explain.explanation']"


@pytest.mark.parametrize("words", [["seeds", "t.py", "--n"], ["doctor", "t.py", "--jsn"]])
def test_a_misspelt_option_before_a_script_is_told_at_once(words: list[str]):
    code = f"from trainlab.cli.main import main\ntry:\n    main({words})\nexcept SystemExit:\n    pass"
    assert loaded_by(code).isdisjoint((*COMPUTING, "rich", "numpy", "msgspec"))
