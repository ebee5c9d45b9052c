"""Names, titles, values and messages with escape codes: no command lets them reach the terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cli.calling import TINY, Caller, call_apart
from diagnosis.seeds.made import population, run

from trainlab.cli import doctor, seeds
from trainlab.cli.output import Files
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.observed.record import TrainingRecord

HOSTILE = "x\x1b[2Jy\x9b31mz\u202ew"
TOML = r"x\u001b[2Jy\u009b31mz\u202ew"


def assert_plain(*texts: str) -> None:
    for text in texts:
        assert not {"\x1b", "\x9b", "\u202e"} & set(text), text


@pytest.mark.trains
def test_titles_and_names_of_a_study(trainlab: Caller):
    named = TINY.replace('"Tiny"', f'"{TOML}"')
    Path("named.toml").write_text(named, encoding="utf-8")
    assert_plain(*_shown(trainlab("study", "named.toml", "--seeds", "2", "--workers", "1", "--details")))
    for options in ((), ("--details",), ("--json",)):
        assert_plain(*_shown(trainlab("show", *options)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('loss = "mse"', f'loss = "{TOML}"'),
        ("epochs = 20", f'epochs = "{TOML}"'),
        ("epochs = 20", f'"{TOML}" = 20'),
        ('small = "2-2-1"', f'"{TOML}" = "2-2-1"'),
        ('small = "2-2-1"', f'small = "{TOML}"'),
        ("[changes.A]", f'[changes."{TOML}"]'),
        ('name = "adam"', f'name = "{TOML}"'),
        ("[baseline]", f'[baseline]\ntask = "{TOML}.csv"'),
        ("[baseline]", HOSTILE),
    ],
)
def test_values_of_a_study_that_are_refused(trainlab: Caller, old: str, new: str):
    Path("wrong.toml").write_text(TINY.replace(old, new), encoding="utf-8")
    outcome = trainlab("study", "wrong.toml", "--seeds", "2", "--workers", "1")
    assert outcome.code == 2
    assert_plain(outcome.out, outcome.err)


def test_columns_of_data(trainlab: Caller):
    Path("data.csv").write_text(f"a,{HOSTILE},b\n1,2,{HOSTILE}\n2,3,4\n3,4,5\n", encoding="utf-8")
    for target in ("c", "b", HOSTILE):
        outcome = trainlab("new", "--data", "data.csv", "--target", target)
        assert_plain(outcome.out, outcome.err)


@pytest.mark.parametrize("command", ["doctor", "study", "seeds", "show", "race"])
def test_names_of_files(trainlab: Caller, command: str):
    outcome = trainlab(command, HOSTILE)
    assert_plain(outcome.out, outcome.err)


def test_a_report_with_messages_of_the_scripts(capsys: pytest.CaptureFixture[str]):
    record = TrainingRecord()
    record.troubles.append(HOSTILE)
    ended: dict[str, Any] = {
        "how": "error",
        "code": 1,
        "message": f"ValueError: {HOSTILE}",
        "where": f"{HOSTILE}.py:3",
    }
    report = diagnose(record, ended=ended)
    data: dict[str, Any] = report.to_dict() | {"arguments": [HOSTILE]}
    for details in (True, False):
        doctor.deliver_report(data, Files(), of="train.py", details=details)
    print(report.details())
    shown = capsys.readouterr().out
    assert "ValueError: x�[2Jy�31mz�w" in shown
    assert_plain(shown)


def test_runs_of_seeds_that_failed_with_a_message(capsys: pytest.CaptureFixture[str]):
    broken = run(1, failed=True, fault="ValueError", message=HOSTILE)
    found = population(broken, run(2), yours=run(None, failed=True, fault="ValueError", message=HOSTILE))
    for details in (True, False):
        seeds._deliver(found, Files(), details=details)  # pyright: ignore[reportPrivateUsage]
    shown = capsys.readouterr().out
    assert "x�[2Jy�31mz�w" in shown
    assert_plain(shown)


NO_TEXT = os.fsdecode(b"caf\xe9")
RAISES = """
import os, torch
model = torch.nn.Linear(3, 1)
model(torch.ones(2, 3)).mean().backward()
raise ValueError(os.fsdecode(b"caf\\xe9"))
"""


@pytest.mark.process
@pytest.mark.parametrize("command", ["doctor", "seeds"])
def test_names_and_messages_that_are_no_text_are_escaped(command: str):
    script = f"{NO_TEXT}.py"
    try:
        Path(script).write_text(RAISES, encoding="utf-8")
    except OSError:
        pytest.skip("this system knows no such names")
    options = ["--json", "out.json", "--html", "out.html"]
    if command == "seeds":
        options += ["--seeds", "1", "--workers", "1", "--save", "runs.jsonl", "--keep-arguments"]
    done = call_apart(command, *options, script, "--", NO_TEXT, folder=Path.cwd())
    told = Path("out.json").read_text(encoding="utf-8")
    assert done.returncode == 3, done.stderr
    assert r"ValueError: caf\udce9" in done.stdout.replace("\n", "")
    assert r'ValueError: caf\\udce9"' in told
    assert json.loads(told)
    assert r"caf\udce9" in Path("out.html").read_text(encoding="utf-8")
    if command == "seeds":
        again = call_apart(command, *options, script, "--", NO_TEXT, folder=Path.cwd())
        assert (again.returncode, again.stdout) == (3, done.stdout)


def test_a_study_file_holds_no_path_that_is_no_text(trainlab: Caller):
    try:
        Path(f"{NO_TEXT}.csv").write_text("a,b\n1,2\n2,3\n3,5\n4,4\n", encoding="utf-8")
    except OSError:
        pytest.skip("this system knows no such names")
    outcome = trainlab("new", "--data", f"{NO_TEXT}.csv", "study.toml")
    assert (outcome.code, outcome.err) == (
        2,
        r"trainlab: --data caf\udce9.csv: its path isn't text, which is all a study file holds. Rename it."
        "\n",
    )
    assert not Path("study.toml").exists()


def _shown(outcome: Any) -> tuple[str, str]:
    assert outcome.code == 0, outcome
    return outcome.out, outcome.err
