import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli.calling import Caller, call_apart, without_time


def study(trainlab: Caller, *options: str) -> dict[str, Any]:
    outcome = trainlab("study", "tiny.toml", "--json", "-", *options)
    assert (outcome.code, outcome.err) == (0, "")
    return json.loads(outcome.out)


def trained(result: dict[str, Any]) -> int:
    return result["how"]["time"]["trained_steps"]


def test_json_alone_on_stdout_and_the_same_again(trainlab: Caller) -> None:
    first = trainlab("study", "tiny.toml", "--json", "-")
    again = trainlab("study", "tiny.toml", "--json", "-")
    result = json.loads(first.out)
    assert [(cell["network"], cell["changes"]) for cell in result["cells"]] == [
        ("small", []),
        ("small", ["A"]),
        ("large", []),
        ("large", ["A"]),
    ]
    assert {cell["solved"]["n"] for cell in result["cells"]} == {5}
    assert (trained(result), trained(json.loads(again.out))) == (4 * 5 * 20, 0)
    assert without_time(again.out) == without_time(first.out)


def test_files_and_the_summary(trainlab: Caller) -> None:
    outcome = trainlab("study", "tiny.toml", "--json", "a.json", "--html", "a.html")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Tiny" in outcome.out
    assert outcome.out.splitlines()[-2:] == ["report: a.html", "JSON: a.json"]
    assert len(json.loads(Path("a.json").read_text())["cells"]) == 4
    assert Path("a.html").read_text().lower().startswith("<!doctype html>")


def test_a_link_to_a_file_stays_a_link(trainlab: Caller) -> None:
    Path("real.json").write_text("old")
    Path("link.json").symlink_to("real.json")
    assert trainlab("study", "tiny.toml", "--json", "link.json").code == 0
    assert Path("link.json").is_symlink()
    assert json.loads(Path("real.json").read_text())["title"] == "Tiny"


def test_more_seeds_train_only_those(trainlab: Caller) -> None:
    study(trainlab)
    more = study(trainlab, "--seeds", "7")
    assert trained(more) == 4 * 2 * 20
    assert {cell["solved"]["n"] for cell in more["cells"]} == {7}
    assert trained(study(trainlab, "--seeds", "3")) == 0
    apart = trainlab("study", "tiny.toml", "--json", "-", "--seeds", "7", "--store", "other")
    assert json.dumps(more["cells"]) == json.dumps(json.loads(apart.out)["cells"])


def test_fresh_trains_anew(trainlab: Caller) -> None:
    study(trainlab)
    assert trained(study(trainlab, "--fresh")) == 4 * 5 * 20


@pytest.mark.parametrize(
    ("only", "cells"),
    [
        (["small"], ["small:", "small:A"]),
        (["large:A"], ["large:A"]),
        ([":A"], ["small:A", "large:A"]),
        ([":none", "large:A"], ["small:", "large:", "large:A"]),
    ],
)
def test_only(trainlab: Caller, only: list[str], cells: list[str]) -> None:
    options = [word for name in only for word in ("--only", name)]
    found = study(trainlab, *options)["cells"]
    assert [f"{cell['network']}:{'+'.join(cell['changes'])}" for cell in found] == cells


def test_run_takes_the_baseline(trainlab: Caller) -> None:
    Path("one.toml").write_text('network = "2-4-1"\nepochs = 10\n')
    outcome = trainlab("run", "one.toml", "--seeds", "3", "--json", "-")
    (cell,) = json.loads(outcome.out)["cells"]
    assert cell["solved"]["n"] == 3
    assert trainlab("run", "one.toml", "--seeds", "3").code == 0


@pytest.mark.process
def test_examples_by_name_from_another_folder(folder: Path) -> None:
    ended = call_apart("study", "xor44", "--seeds", "2", "--only", ":none", "--json", "-", folder=folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [cell["network"] for cell in json.loads(ended.stdout)["cells"]] == [
        "Model 1",
        "Model 2",
        "Model 3",
    ]


@pytest.mark.trains
def test_why_runs_failed_is_asked_for_and_kept(trainlab: Caller) -> None:
    options = ("--only", "small:none", "--why", "2", "--workers", "1")
    why = study(trainlab, *options)["cells"][0]["why"]
    assert (why["failed"], why["looked_into"], why["lost"]) == (5, 2, 0)
    assert study(trainlab, *options)["cells"][0]["why"] == why
    run = trainlab("run", "tiny.toml", "--seeds", "5", "--why", "2", "--workers", "1")
    assert "Why runs of " in run.out
    asked = ("run", "tiny.toml", "--seeds", "5")
    assert "--why 20 (why runs failed)" in trainlab(*asked).out
    assert "5 of 5 runs failed; --why 20" in trainlab(*asked, "--details").out


def test_what_takes_hours_asks_for_yes_and_forgets_nothing_before(trainlab: Caller) -> None:
    study(trainlab)
    many = ["--seeds", "10000000", "--engine", "reference", "--fresh"]
    outcome = trainlab("study", "tiny.toml", *many)
    assert (outcome.code, outcome.out) == (2, "")
    assert re.fullmatch(
        r"trainlab: 40,000,000 runs of 20 steps would take about \d+ days, and [\d.]+ GB in the store\. "
        r"Lower seeds, epochs or the number of cells; or say --yes\.\n",
        outcome.err,
    )
    assert trained(study(trainlab, "--yes")) == 0


def test_seeds_are_added_until_every_interval_is_narrow(trainlab: Caller) -> None:
    result = study(trainlab, "--until-width", "0.6", "--max-seeds", "50")
    assert result["until_width"]["reached"]
    assert {cell["solved"]["n"] for cell in result["cells"]} == {result["until_width"]["seeds"]}
    said = trainlab("study", "tiny.toml", "--until-width", "0.6")
    assert "Seeds were added until no interval of a success rate was wider than 60 points:" in said.out


def test_how_many_seeds_tell_a_difference_is_said_without_training(
    trainlab: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = trainlab("study", "tiny.toml", "--power", "0.05")
    assert (outcome.code, outcome.err) == (0, "")
    assert " ".join(outcome.out.split()).startswith(
        "To tell 5 points apart in 80 of 100 studies: 1,569 seeds for one difference, "
    )
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert not Path(".trainlab").exists()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--max-seeds", "30"],
            "--max-seeds 30: is the most that --until-width may come to; give that as well, or --seeds in "
            "its place.",
        ),
        *(
            (
                ["--power", "0.1", option, *value],
                f"--power: trains nothing, and only prints a sentence; leave {option} out.",
            )
            for option, *value in (
                ["--json", "a.json"],
                ["--only", ":A"],
                ["--until-width", "0.1"],
                ["--details"],
            )
        ),
    ],
)
def test_options_that_would_be_passed_over_are_refused(
    trainlab: Caller, options: list[str], line: str
) -> None:
    outcome = trainlab("study", "tiny.toml", *options)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"trainlab: {line}\n")


@pytest.mark.parametrize("option", ["--until-width", "--power"])
@pytest.mark.parametrize("value", ["0", "1", "5", "nan", "-0.1"])
def test_a_width_or_a_difference_is_a_share(trainlab: Caller, option: str, value: str) -> None:
    outcome = trainlab("study", "tiny.toml", f"{option}={value}")
    assert outcome.code == 2
    assert f"{option} {float(value):g}: must be a share above 0 and below 1" in outcome.err
