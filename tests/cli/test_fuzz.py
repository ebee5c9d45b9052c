"""Whatever is typed, the command answers in its own words: exit code 0 or 2, and never a traceback."""

import contextlib
import io
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from cli.calling import TINY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainlab.cli.main import main

COMMANDS = ("study", "run", "race", "params", "budget", "show", "new", "--help", "--version")
FLAGS = ("--seeds", "--engine", "--only", "--json", "--html", "--store", "--workers", "--fresh", "--inputs")
MORE = ("--outputs", "--hidden-bias", "--min-width", "--max-depth", "--count", "--sample", "--seed", "--help")
VALUES = (
    *(
        "tiny.toml",
        "2-3-1",
        "44",
        "2",
        "1",
        "0",
        "-1",
        "1.5",
        "nan",
        "yes",
        "any",
        "fast",
        "small",
        "small:A",
    ),
    *(":A", ":", "", "-", "--", "--x", "[]", "{}", "{", "=", "'", "\n", "é", "∞", ".", "..", "a/b", "9" * 40),
)
words = st.sampled_from([*FLAGS, *MORE, *VALUES]) | st.text(max_size=4)
pairs = st.tuples(st.sampled_from([*FLAGS, *MORE]), st.sampled_from(VALUES)).map(list)
glued = st.tuples(st.sampled_from([*FLAGS, *MORE]), st.sampled_from(VALUES)).map(lambda two: ["=".join(two)])
arguments = st.builds(
    lambda command, first, rest: [command, first, *(word for part in rest for word in part)],
    st.sampled_from(COMMANDS) | st.text(max_size=4),
    st.sampled_from(["tiny.toml", "44", "2-3-1"]) | words,
    st.lists(words.map(lambda word: [word]) | pairs | glued, max_size=5),
)


@pytest.mark.computes
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(arguments=arguments)
def test_any_arguments(arguments: list[str]) -> None:
    folder = tempfile.mkdtemp()
    out, err = io.StringIO(), io.StringIO()
    try:
        # Every call in a folder of its own, which holds whatever it writes.
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            Path("tiny.toml").write_text(TINY.replace("epochs = 20", "epochs = 10"))
            try:
                main(arguments)
            except SystemExit as stop:
                code = stop.code
    finally:
        shutil.rmtree(folder)
    assert code in {0, 2}
    if code == 2:
        assert out.getvalue() == ""
        assert re.match(r"trainlab( [a-z-]+)*: ", err.getvalue())
        assert len(err.getvalue().splitlines()) == 1
