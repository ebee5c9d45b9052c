"""``trainlab map``: files, JSON, what it refuses, and going on after it was stopped."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cli.calling import TINY, Caller, assert_refused, call_apart, command, environment, without_time

OPTIONS = {"x": "lr=1e-3..1", "y": "solved.within=0.1..0.5", "size": "5x4", "seeds": "3"}


def arguments(file: str = "tiny.toml", **options: str) -> list[str]:
    """The command with these options instead of, or beside, the usual ones."""
    chosen = {**OPTIONS, **options}
    return ["map", file, *(word for name in chosen for word in (f"--{name}", chosen[name]))]


MAP = arguments()


def mapped(trainlab: Caller, *flags: str, **options: str) -> dict[str, Any]:
    outcome = trainlab(*arguments(**options), "--json", "-", *flags)
    assert (outcome.code, outcome.err) == (0, "")
    return json.loads(outcome.out)


def test_json_alone_on_stdout_and_the_same_again(trainlab: Caller) -> None:
    first, again = (trainlab(*MAP, "--json", "-").out for _ in range(2))
    result = json.loads(first)
    assert (result["kind"], result["cell"]) == ("map", "small:none")
    assert (len(result["x"]["values"]), len(result["y"]["values"])) == (5, 4)
    assert [len(row) for row in result["solved"]["k"]] == [5] * 4
    assert json.loads(again)["how"]["time"]["trained_steps"] == 0
    assert without_time(again) == without_time(first)


def test_files_and_the_summary(trainlab: Caller) -> None:
    outcome = trainlab(*MAP, "--json", "a.json", "--html", "a.html", "--svg", "a.svg")
    assert (outcome.code, outcome.err) == (0, "")
    assert "small isn't seen to learn in this plane" in " ".join(outcome.out.split())
    assert outcome.out.splitlines()[-3:] == ["report: a.html", "picture: a.svg", "JSON: a.json"]
    assert json.loads(Path("a.json").read_text())["points"]["total"] == 20
    assert Path("a.html").read_text().lower().startswith("<!doctype html>")
    assert Path("a.svg").read_text().startswith("<svg ")
    assert trainlab(*MAP, "--svg", "-").out.startswith("<svg ")


def test_a_cell_and_every_point(trainlab: Caller) -> None:
    result = mapped(trainlab, "--every-point", cell="large:A", size="40x3")
    assert result["cell"] == "large:A"
    assert result["points"] == {"total": 120, "trained": 120}
    assert result["experiment"]["optimizer"]["name"] == "adam"
    some = mapped(trainlab, cell="large:A", size="40x3")
    assert some["points"]["trained"] < 120
    assert some["how"]["time"]["trained_steps"] == 0


@pytest.mark.process
def test_an_example_by_name(folder: Path) -> None:
    given = arguments("xor44", y="init.std=0.5..2", cell="Model 2:A+B", size="2x2", json="-")
    ended = call_apart(*given, folder=folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["y"]["field"] == "init.weight.std"


WRONG: list[tuple[list[str], str]] = [
    (["map", "tiny.toml"], "--x"),
    (["map", "tiny.toml", "--x", "lr=1..2"], "--y"),
    (arguments("missing.toml"), "missing.toml: no such file"),
    (arguments(x="lr=0..1:log"), "a log axis has no 0"),
    (arguments(x="lrr=0..1"), "'lrr': no numeric field"),
    (arguments(x="lr=1..0"), "LOW must be less than HIGH"),
    (arguments(x="lr"), "must be FIELD=LOW..HIGH"),
    (arguments(x="within=0..1"), "x and y: both are solved.within"),
    (arguments(x="lr=-1..1"), "optimizer.lr = -1.0: must be a finite number ≥ 0."),
    (arguments(y="init.std=1..2"), "init.weight is 'default'; 'normal' has 'std'."),
    (arguments(y="solved.within=0..1"), "solved.within = 0.0: must be a finite number > 0"),
    (arguments(size="64"), "--size '64': must be the numbers of values along x and y"),
    (arguments(size="5000x5000"), "at most 1,000,000 points"),
    (arguments(seeds="0"), "--seeds 0"),
    (arguments(seeds="1.5"), "--seeds"),
    (arguments(cell="small"), "means 2 cells; name one, as in 'small:none' or 'small:A'"),
    (arguments(cell="smal:A"), "Did you mean 'small'?"),
    (arguments(cell=""), "--cell '': name a cell"),
    (arguments(engine="fasst"), "'fast'"),
    (arguments(svg="nowhere/x.svg"), "does not exist"),
    (arguments(svg="tiny.toml"), "same file"),
    (arguments(svg="x", json="x"), "same file"),
    (arguments(html="-"), "--html -"),
    (arguments(json="-", svg="-"), "--json - and --svg -: only one can go to the terminal; name a file."),
    (arguments(x="epochs=1e20..1e25"), "epochs"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[words for _, words in WRONG])
def test_refused(trainlab: Caller, folder: Path, given: list[str], words: str) -> None:
    assert_refused(trainlab(*given), words)
    assert Path("tiny.toml").read_text() == TINY
    assert {path.name for path in folder.iterdir()} <= {"tiny.toml", ".trainlab"}


SLOW = """\
network = "2-5-4-1"
epochs = 1200
sampling = "single"
"""


def saved(folder: Path) -> int:
    """The number of points in the store, 0 if there is no store yet."""
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(f"file:{folder}/.trainlab/store.sqlite3?mode=ro", uri=True)) as db,
    ):
        return db.execute("SELECT count(*) FROM chunks").fetchone()[0]
    return 0


@pytest.mark.process
def test_stopped_by_ctrl_c_it_goes_on_to_the_same_map(folder: Path) -> None:
    (folder / "slow.toml").write_text(SLOW)
    given = [*arguments("slow.toml", size="16x16", seeds="32", json="out.json", workers="1"), "--every-point"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(*given), cwd=folder, env=environment(), text=True, **pipes) as process:
        end = time.monotonic() + 300
        while saved(folder) < 10 and process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("trainlab: stopped after ")
    assert "of 256 points" in err
    assert "after 0 of" not in err
    assert "the same command, without --fresh, goes on from there" in err
    assert not (folder / "out.json").exists()
    before = saved(folder)
    assert 10 <= before < 256
    ended = call_apart(*given, folder=folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    text = (folder / "out.json").read_text()
    runs = (256 - before) * 32 + 320  # its own setting is one of the points
    assert json.loads(text)["how"]["time"]["trained_steps"] == runs * 4800
    assert call_apart(*given, "--store", "other", folder=folder).returncode == 0
    assert without_time((folder / "out.json").read_text()) == without_time(text)
