"""What the page says of PyTorch's runs: what was kept, and that it is out of date where runs are others."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

import trainlab
from measure import engines
from measure.xor_studies import Studies
from trainlab.spec import study_from_dict
from trainlab.stats import Side, Verdict
from trainlab.studies.verdicts.robustness import as_asked

CELLS = [f"Model {number}:{made}" for number in (1, 2, 3) for made in ("none", "A+B")]


def row(cell: str, **changed: Any) -> dict[str, Any]:
    plain = {"cell": cell, "seeds": 10, "fast": 6, "other": 5, "difference": 0.1, "words": "+10.0", "p": 1.0}
    return plain | changed


def studies(*, solved: int = 6, outcome: str = "upheld", turned: bool = False) -> Studies:
    cells = [
        SimpleNamespace(cell=SimpleNamespace(name=name), solved=SimpleNamespace(k=solved)) for name in CELLS
    ]
    made = Verdict(topic="change", sentence="", statement="A helps Model 1.", outcome=cast("Any", outcome))
    if turned:
        made = replace(made, outcome="mixed", sides=(Side(words="as asked", outcome=made.outcome),))
    xor44 = SimpleNamespace(
        cells=cells,
        verdicts=(made,),
        study=SimpleNamespace(network_names=("Model 1", "Model 2", "Model 3"), change_names=("A", "B")),
    )
    return cast(
        "Studies", SimpleNamespace(xor44=xor44, notebook=SimpleNamespace(cells=()), together=("A", "B"))
    )


def keeping(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    monkeypatch.setattr(engines, "kept", lambda path: found)


def test_ends_are_told_beside_all_cells(monkeypatch: pytest.MonkeyPatch):
    rows = [row(name) for name in CELLS[:-1]] + [row(CELLS[-1], difference=-0.3, words="−30.0 points")]
    keeping(monkeypatch, {"torch": {"rows": rows}})
    told = engines.fidelity(studies())
    assert "| Model 1, baseline | 6 of 10 | 5 of 10 | +10.0 |" in told
    assert "All 6 cells of the two studies were trained this way: in none of them is it shown" in told
    assert "36 of 60 runs are solved here, 30 there; the largest difference is that of Model 3:A+B" in told
    assert "Out of date" not in told
    assert "**Out of date**: the runs of 6 cells are others today." in engines.fidelity(studies(solved=7))
    rows[0]["p"] = 0.01
    assert "in 1 of them (Model 1:none) is it shown" in engines.fidelity(studies())


def kept_sides(outcome: str, *, turns: bool) -> dict[str, Any]:
    side = {"by PyTorch (5 seeds)": {"outcome": outcome, "turns": turns}}
    return {
        "ways": [{"words": "by PyTorch (5 seeds)", "sentence": "Of 6 cells none."}],
        "loop": None,
        "verdicts": [{"statement": "A helps Model 1.", "outcome": "upheld", "sides": side}],
    }


def test_verdicts_that_hold_are_counted_and_others_named(monkeypatch: pytest.MonkeyPatch):
    keeping(monkeypatch, kept_sides("upheld", turns=False))
    assert engines.retrained(studies()) == (
        "- Trained by PyTorch (5 seeds), 1 of 1 verdict comes out as here; none turns round. Of 6 cells none."
    )
    keeping(monkeypatch, kept_sides("upheld", turns=False) | {"loop": {"sentence": "Of 4 runs all."}})
    assert engines.retrained(studies()).endswith("\n- Of 4 runs all.")
    # A verdict that turns on another side is held as it was first asked.
    assert "Out of date" not in engines.retrained(studies(turned=True))
    assert "**Out of date**: 1 verdict" in engines.retrained(studies(outcome="refuted"))
    keeping(monkeypatch, kept_sides("refuted", turns=True))
    told = engines.retrained(studies())
    assert (
        "0 of 1 verdict come out as here; 1 turns round. Otherwise: A helps Model 1: refuted, not upheld."
        in told
    )


# What is kept of verdicts asked again: how each fares without, and on the sides that were trained.


@pytest.mark.slow
def test_every_verdict_is_kept_with_the_sides_that_were_trained() -> None:
    plan = study_from_dict(
        {
            "baseline": {"network": "2-3-1", "epochs": 30, "optimizer": {"name": "adam", "lr": 0.1}},
            "changes": {"L1": {"set": {"loss": "l1"}}},
        }
    )
    plain = trainlab.study(plan, engine="torch", seeds=40)
    asked = trainlab.study(plan, engine="torch", seeds=40, sides=30)
    found = json.loads(json.dumps(engines.compared(plain, asked)))
    ways = [each["words"] for each in found["ways"]]
    assert found["loop"] is None
    assert (found["seeds"], ways) == (40, ["in float64", "by the fast engine (30 seeds)"])
    kept = {each["statement"]: each for each in found["verdicts"]}
    told = {verdict.statement: verdict for verdict in asked.verdicts if verdict.topic != "parameters"}
    assert set(kept) == set(told)
    for statement, verdict in told.items():
        assert kept[statement]["outcome"] == as_asked(verdict)
        assert list(kept[statement]["sides"]) == ways
