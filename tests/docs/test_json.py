"""docs/json.md names every field of a real result, and no other."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from docs.pages import ROOT

import trainlab

RATE = {"k", "n", "low", "high"}
ESTIMATE = {"estimate", "low", "high", "p_adjusted", "reading"}


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


def documented(title: str) -> list[str]:
    """Return the fields under one of the page's main headings."""
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    parts = dict(part.split("\n", 1) for part in re.split(r"^# ", text, flags=re.MULTILINE)[1:])
    return re.findall(r"^\| `([^`]+)` \|", parts[title], re.MULTILINE)


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return json.loads(trainlab.study("xor44", seeds=5).to_json())


def test_every_field_is_documented_and_every_documented_field_is_there(result: dict[str, Any]):
    assert sorted(fields_of(result)) == sorted(f for f in documented() if not f.startswith("race."))


def test_the_same_of_a_race(result: dict[str, Any]):
    networks = trainlab.budget(13, inputs=2, outputs=1, min_width=2)
    raced = json.loads(trainlab.race("xor44", networks=networks, cell=":A+B+E", max_seeds=64).to_json())
    assert raced["how"].keys() == result["how"].keys()
    del raced["how"]
    general = {f"rate.{field}" for field in RATE}
    fields = {f"race.{field}" for field in fields_of(raced) if field not in general}
    assert sorted(fields) == sorted(f for f in documented() if f.startswith("race."))
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    assert all(f'`"{word}"`' in text for word in ("one left", "most seeds", "budget"))
    assert sorted(fields_of(result)) == sorted(documented("The JSON of a study"))


def test_every_field_of_a_map_is_documented_and_every_documented_field_is_there():
    axes = {"x": "lr=1e-3..1", "y": "init.std=0.5..2"}
    made = trainlab.map_plane("xor44", size=(6, 5), seeds=5, cell="Model 2:A+B+E", **axes)
    found = {path for path in fields_of(json.loads(made.to_json())) if not path.startswith("rate.")}
    assert sorted(found) == sorted(documented("The JSON of a map"))


def test_the_format_is_the_documented_one(result: dict[str, Any]):
    assert f"format\n**{result['format']}**" in (ROOT / "docs" / "json.md").read_text(encoding="utf-8")


def test_every_word_of_a_verdict_and_a_reading_is_documented(result: dict[str, Any]):
    text = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    words = {v[key] for v in result["verdicts"] for key in ("topic", "outcome")}
    words |= {e[kind]["reading"] for e in result["effects"] for kind in ("alone", "main")}
    for word in words:
        assert f'`"{word}"`' in text, word
