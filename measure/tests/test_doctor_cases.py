"""The doctor's case sets are complete: labels, scripts, fixes and the threads they come from."""

from __future__ import annotations

import ast
import csv
import json
import re
from typing import Any

import pytest

from measure.doctor_runs import CASES as FOLDER

README = (FOLDER / "README.md").read_text(encoding="utf-8")
SETS = ("open", "sealed")
FIELDS = {
    *("script", "healthy", "fault", "acceptable", "where", "what", "fixed_script_diff", "source"),
    *("metric", "better", "metric_faulty", "metric_fixed", "metric_healthy", "seeds", "seconds"),
}


def labels(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name / "labels.jsonl").read_text().splitlines()]


def section(title: str) -> set[str]:
    """Return the slugs under a heading of the README."""
    text = README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"`([a-z]\w+)`", text))


def threads() -> list[dict[str, str]]:
    with (FOLDER / "threads.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def patched(script: str, diff: str) -> str:
    """Apply a unified diff whose every context line must be where it says."""
    old, new, at = script.splitlines(), list[str](), 0
    for line in diff.splitlines()[2:]:
        if hunk := re.match(r"@@ -(\d+)", line):
            start = int(hunk[1]) - 1
            new += old[at:start]
            at = start
        elif line.startswith("+"):
            new.append(line[1:])
        else:
            assert old[at] == line[1:], f"line {at + 1}"
            if line.startswith(" "):
                new.append(old[at])
            at += 1
    return "\n".join([*new, *old[at:]]) + "\n"


def value(number: float | str) -> float:
    return float(number)


@pytest.mark.parametrize("name", SETS)
def test_every_script_has_a_complete_label(name: str):
    rows = labels(name)
    assert [row["script"] for row in rows] == sorted(path.name for path in (FOLDER / name).glob("*.py"))
    for row in rows:
        assert set(row) == FIELDS, row["script"]
        assert row["better"] in ("higher", "lower")
        assert 0 < row["seconds"] <= 10
        if row["healthy"]:
            assert (row["fault"], row["acceptable"], row["where"]) == (None, [], None)
            assert row["metric_healthy"] is not None
        else:
            assert row["where"]
            assert row["what"]
            assert row["fixed_script_diff"]
            assert row["fault"] not in row["acceptable"]


@pytest.mark.parametrize("name", SETS)
def test_the_mended_script_is_better_for_each_seed(name: str):
    for row in labels(name):
        if row["healthy"]:
            continue
        sign = 1 if row["better"] == "higher" else -1
        assert row["seeds"]["faulty"][0] == row["metric_faulty"]
        assert row["seeds"]["fixed"][0] == row["metric_fixed"]
        for faulty, fixed in zip(row["seeds"]["faulty"], row["seeds"]["fixed"], strict=True):
            assert not sign * value(fixed) <= sign * value(faulty), row["script"]


@pytest.mark.parametrize("name", SETS)
def test_every_script_compiles_and_is_neither_tiny_nor_long(name: str):
    for path in (FOLDER / name).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        ast.parse(text)
        assert 40 <= text.count("\n") <= 120, path.name


@pytest.mark.parametrize("name", SETS)
def test_every_fix_applies_and_every_faulty_script_has_one(name: str):
    faulty = {row["script"] for row in labels(name) if not row["healthy"]}
    fixes = {path.stem + ".py": path for path in (FOLDER / name / "fixes").glob("*.diff")}
    assert set(fixes) == faulty
    for script, fix in fixes.items():
        before = (FOLDER / name / script).read_text(encoding="utf-8")
        after = patched(before, fix.read_text(encoding="utf-8"))
        ast.parse(after)
        assert after != before


def test_every_slug_is_declared():
    known, new = section("Slugs in use"), section("New slugs")
    assert not known & new
    for name in SETS:
        for row in labels(name):
            if not row["healthy"]:
                assert {row["fault"], *row["acceptable"]} <= known | new, row["script"]
    assert {row["fault"] for row in threads()} <= known | new | {"unknown"}


def test_no_script_names_a_fault():
    slugs = re.compile(r"\b(" + "|".join(section("Slugs in use") | section("New slugs")) + r")\b")
    for name in SETS:
        for path in (FOLDER / name).glob("*.py"):
            text = f"{path.name}\n{path.read_text(encoding='utf-8')}"
            assert not slugs.findall(text), path.name


def test_no_fault_is_in_both_sets():
    first, second = ({row["fault"] for row in labels(name)} - {None} for name in SETS)
    assert not first & second


def test_every_case_comes_from_threads_of_the_table():
    known = {row["address"] for row in threads()}
    for name in SETS:
        for row in labels(name):
            if not row["healthy"]:
                assert set(row["source"].split(", ")) <= known, row["script"]


def test_the_table_of_threads_is_complete():
    rows = threads()
    assert len({row["address"] for row in rows}) == len(rows) >= 200
    for row in rows:
        assert row["address"].startswith("https://")
        assert 0 < len(row["cause"].split()) <= 12
        assert row["confirmed"] in ("yes", "no")
