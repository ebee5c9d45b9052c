"""Whatever is read, is read or refused in one line: never a traceback or a hang. `fuzz.run` tries more."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from fuzz.api import VALUES, call_with, calls, wrong_calls
from fuzz.kinds import KINDS
from fuzz.mutations import mutated, twisted
from fuzz.run import Tally, apart, batch
from hypothesis import given, settings
from hypothesis import strategies as st

QUICK = {"study": 12, "csv": 40, "npz": 40, "parquet": 20, "notebook": 60, "frame": 60}
"""How many inputs of the kinds that cost about a millisecond each."""
ONES = ("Network", "Experiment.from_dict", "Change.from_dict", "load_study", "arrays", "study_html", "watch")
"""The functions that cost the least to call, for the quick tests."""


def fell(tally: Tally) -> list[str]:
    return [*tally.tracebacks, *tally.hangs]


@pytest.mark.parametrize("kind", QUICK)
def test_a_few_of_each_kind(kind: str):
    assert fell(batch(kind, 1, range(QUICK[kind]))) == []


@pytest.mark.computes
@settings(max_examples=50, deadline=None)
@given(st.sampled_from(list(QUICK)), st.integers(0, 2**32), st.integers(0, 2**32))
def test_any_seed(kind: str, seed: int, number: int):
    assert fell(batch(kind, seed, range(number, number + 1))) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_of_each_kind(kind: str):
    tally = apart(kind, 2, range(60 if kind == "store" else 1_000))
    assert fell(tally) == []
    assert tally.peak < 2e9


@pytest.mark.parametrize("name", ONES)
def test_wrong_types_of_cheap_functions(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for argument in list(calls()[name][1])[:2]:
        for number in range(len(VALUES)):
            call_with(name, argument, number)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wrong_types_of_every_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name, argument, number in wrong_calls():
        try:
            call_with(name, argument, number)
        except Exception as error:
            pytest.fail(f"{name}({argument}={VALUES[number]!r}): {type(error).__name__}: {error}"[:500])


def test_the_fuzzer_tells_what_falls(monkeypatch: pytest.MonkeyPatch):
    def falls(rng: object) -> None:
        raise KeyError("oh")

    def hangs(rng: object) -> None:
        while True:
            pass

    monkeypatch.setitem(KINDS, "study", falls)
    tally = batch("study", 0, range(2))
    assert tally.tried == 2
    assert tally.tracebacks[1].startswith("study 0 1: KeyError at test_fuzz.py:")
    monkeypatch.setitem(KINDS, "study", hangs)
    monkeypatch.setattr(sys.modules["fuzz.run"], "SECONDS", 0.05)
    assert batch("study", 0, range(1)).hangs == ["study 0 0"]


def test_mutations_are_repeatable_and_keep_what_they_were_given():
    tree = {"a": [1, {"b": 2}], "c": "x"}
    for number in range(30):
        one, other = (repr(twisted(random.Random(number), tree)) for _ in range(2))
        assert one == other
        assert mutated(random.Random(number), b"abc") == mutated(random.Random(number), b"abc")
    assert tree == {"a": [1, {"b": 2}], "c": "x"}
