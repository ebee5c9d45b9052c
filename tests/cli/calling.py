"""Calling the command line: in this process, or in one of its own."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from trainlab.cli.main import app, main

TINY = """\
title = "Tiny"
seeds = 5
[baseline]
epochs = 20
loss = "mse"
[baseline.record]
loss_every = 10
[networks]
small = "2-2-1"
large = "2-3-1"
[changes.A]
set.optimizer = { name = "adam", lr = 0.05 }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    code: Any
    out: str
    err: str


class Caller:
    """Calls the command in this process, with what it prints caught."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> Outcome:
        app.console = Console()  # else all tests have that of the first, as wide as it was
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        out, err = self.capsys.readouterr()
        return Outcome(code=stop.value.code, out=out, err=err)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trainlab.cli.main", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def call_apart(*arguments: str, folder: Path, **options: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(),
        text=True,
        timeout=300,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def assert_refused(outcome: Outcome, *words: str) -> None:
    """One line on stderr, nothing on stdout, exit code 2."""
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    assert re.match(r"trainlab( [a-z-]+)*: ", outcome.err), outcome
    assert outcome.err.endswith("\n")
    assert len(outcome.err.splitlines()) == 1
    assert "Traceback" not in outcome.err
    for word in words:
        assert word in outcome.err


def without_time(text: str) -> str:
    """The JSON of a study without how.time, as text again: what must be the same byte for byte."""
    data = json.loads(text)
    del data["how"]["time"]
    return json.dumps(data, indent=1, ensure_ascii=False)
