"""docs/json.md names every field of a real result, and no other."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from threading import Event
from typing import Any

import pytest
from docs.pages import ROOT
from studies.spikes.spiking import SPIKING, UNLEARNT

import trainlab
from trainlab import explain
from trainlab.cli.doctor import tried
from trainlab.diagnosis import Plan, run_script
from trainlab.diagnosis.remedies.edited_runs import Edited
from trainlab.diagnosis.seeds.populate import populate
from trainlab.diagnosis.seeds.question import Question

pytestmark = pytest.mark.usefixtures("all_forking")

RATE = {"k", "n", "low", "high"}
ESTIMATE = {"estimate", "low", "high", "p_adjusted", "p_small_adjusted", "reading"}


def fields_of(value: Any, path: str = "") -> set[str]:
    """Return the paths of all leaves; a rate or an estimate is a leaf, and its own fields are paths too."""
    if isinstance(value, list):
        return set().union(*(fields_of(item, f"{path}[]") for item in value))
    if not isinstance(value, dict):
        return {path}
    for name, fields in (("rate", RATE), ("estimate", ESTIMATE)):
        if set(value) == fields:
            return {path, *(f"{name}.{field}" for field in fields)}
    if path in ("how.versions", "experiment"):
        return {f"{path}.*"}
    return set().union(*(fields_of(item, f"{path}.{key}".lstrip(".")) for key, item in value.items()))


def page() -> str:
    return (ROOT / "docs" / "json.md").read_text(encoding="utf-8")


def documented(title: str) -> list[str]:
    """Return the fields under one of the page's main headings, sorted."""
    parts = dict(part.split("\n", 1) for part in re.split(r"^# ", page(), flags=re.MULTILINE)[1:])
    return sorted(re.findall(r"^\| `([^`]+)` \|", parts[title], re.MULTILINE))


def own_fields_of(result: Any) -> list[str]:
    """Return a result's fields, without those of a rate, which are documented once, sorted."""
    return sorted(path for path in fields_of(result) if not path.startswith("rate."))


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    found = json.loads(trainlab.study("xor44", seeds=5).to_json())
    # Of one cell, for the sake of time: with the fields that none of the others has.
    judged = trainlab.study("xor44", seeds=12, only=["Model 3:A+B+C+D+E"], why=1, workers=1)
    # XOR's columns have no names.
    # Nor has it a measure.
    assert found["score_effects"] == []
    found["score_effects"] = found["effects"]
    # Nothing was trained again.
    assert found["retrained"] == []
    found["retrained"] = [0]
    found["data"][0].update(targets=[""], classes=[""], inputs=[""])
    for cell in found["cells"]:
        assert cell["why"] is None
        cell["why"] = json.loads(judged.to_json())["cells"][0]["why"]
    return found


def test_every_field_is_documented_and_every_documented_field_is_there(result: dict[str, Any]):
    assert sorted(fields_of(result)) == documented("The JSON of a study")


def test_so_it_is_of_a_race(result: dict[str, Any]):
    networks = trainlab.budget(13, inputs=2, outputs=1, min_width=2)
    made = trainlab.race("xor44", networks=networks, cell=":A+B+E", max_seeds=64)
    raced = json.loads(made.to_json())
    assert own_fields_of(raced) == documented("The JSON of a race")
    assert raced["how"].keys() == result["how"].keys()
    assert all(f'`"{word}"`' in page() for word in ("one left", "most seeds", "budget"))


def test_so_it_is_of_a_smallest_budget():
    budgets = [trainlab.budget(number, inputs=2, outputs=1, max_depth=1, min_width=2) for number in (8, 9)]
    made = trainlab.smallest_budget("xor44", budgets=budgets, cell=":A+B+E", seeds=4, max_seeds=8)
    found = json.loads(made.to_json())
    assert own_fields_of(found) == documented("The JSON of a smallest budget")
    words = ("found", "all", "too many", "yes", "no", "undecided", found["kind"])
    assert all(f'`"{word}"`' in page() for word in words)


def test_so_it_is_of_an_explanation():
    found = json.loads(explain.chain_rule(seeds=20).to_json())
    found["numbers"] = 0
    assert sorted(fields_of(found)) == documented("The JSON of an explanation")
    assert f'`"{found["question"]}"`' in page()


def test_so_it_is_of_a_diagnosis():
    script = ROOT / "examples" / "silent_network.py"
    plan = Plan(script=str(script), steps=80, solved="loss < 0.1")
    report = run_script(plan, output_to_stderr=True)
    report = tried(report, plan, seeds=1, budget=300.0, seconds=10.0, tell=lambda used, words: None)
    trials = [
        one for finding in report["findings"] for one in (finding["tried"] or {"remedies": []})["remedies"]
    ]
    assert trials
    assert all(f'`"{trial["verdict"]}"' in page() for trial in trials)
    assert f'`"{report["tried"]["ended"]}"`' in page()
    # Of these one line stands for what differs by kind, or says that they are findings as well.
    for finding in [*report["findings"], *report["notes"]]:
        assert finding["picture"]["kind"] in page()
        assert finding.keys() == report["findings"][0].keys()
        finding["picture"] = None
    report["findings"][0]["remedy"]["run"] = asdict(Edited(steps=1))
    report["picture"], report["notes"], report["troubles"] = None, [0], [""]
    report["looked_at"] |= {"other_frameworks": ["jax"], "copies": "One doesn't answer."}
    report["processes"] = "The training ran in a process that the script started."
    report["outcome"]["not_asked"] = [{"model": "net", "why": "it holds a Strange"}]
    card = report["card"]
    card["loaders"] = [{"rows": 1, "batch": 1, "shuffled": True, "passes": 1}]
    card["models"][0]["depends_on_mode"] = ["0"]
    listed = r"^(card\.optimizers\[\]\.settings|.*\.changes\[\]|.*\.seeds\[\]\.(?:before|after))\..*"
    paths = {re.sub(listed, r"\1.*", path) for path in fields_of(report)} | {"tried", "findings[].tried"}
    assert sorted(paths - {"ended.message"}) == documented("The JSON of a diagnosis")


def test_so_it_is_of_a_scripts_seeds():
    question = Question(script=str(ROOT / "examples" / "seeds_of_xor.py"), count=3, arguments=("x",))
    population = populate(question, stop=Event(), on_progress=lambda done, total, left: None)
    assert population is not None
    failed = replace(population.runs[0], state="stuck", fault="dead_relu", reached=0.0)
    data = replace(population, runs=(failed, *population.runs[1:]), notes=("",)).to_dict()
    data["measure"]["picture"] = None
    paths = fields_of(data)
    runs = {path.replace("runs[]", "yours") for path in paths if path.startswith("runs[]")}
    assert runs <= paths
    rest = {path for path in {*paths, "yours.*"} - runs if not path.startswith("rate.")}
    assert sorted(rest) == documented("The JSON of a script's seeds")


def test_so_it_is_of_a_map():
    axes = {"x": "lr=1e-3..1", "y": "init.std=0.5..2"}
    made = trainlab.map_plane("xor44", size=(6, 5), seeds=5, cell="Model 2:A+B+E", **axes)
    assert own_fields_of(json.loads(made.to_json())) == documented("The JSON of a map")


def test_so_it_is_of_endings():
    made = trainlab.endings("xor44", cell="Model 3:none", seeds=5, longer=2)
    found = json.loads(made.to_json())
    assert own_fields_of(found) == documented("The JSON of endings")
    text = page()
    assert all(f'`"{verdict["topic"]}"`' in text for verdict in found["verdicts"])
    assert all(f'`"{each["kind"]}"`' in text for each in found["kinds"])


@pytest.mark.trains
def test_so_it_is_of_a_spike():
    made = trainlab.spike(SPIKING, seeds=UNLEARNT + 1)
    found = json.loads(made.to_json())
    assert own_fields_of(found) == documented("The JSON of a spike")
    text = page()
    assert all(f'`"{verdict["topic"]}"`' in text for verdict in found["verdicts"])


def test_the_format_is_the_documented_one(result: dict[str, Any]):
    assert f"format\n**{result['format']}**" in page()


def test_every_word_of_a_verdict_and_a_reading_is_documented(result: dict[str, Any]):
    text = page()
    words = {v[key] for v in result["verdicts"] for key in ("topic", "outcome")}
    words |= {e[kind]["reading"] for e in result["effects"] for kind in ("alone", "main")}
    for word in words:
        assert f'`"{word}"`' in text, word
