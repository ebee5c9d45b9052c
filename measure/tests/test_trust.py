"""docs/trust.md says what was measured of the doctor, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from measure import blocks, doctor_remedies, trust
from trainlab.diagnosis.remedies import unasked


def test_nothing_of_a_sealed_script_is_kept_but_its_fault():
    for row in trust.kept()["rows"]:
        assert not {"name", "script", "where", "evidence"} & row.keys()


def said(fault: str, *, right: bool) -> dict[str, Any]:
    return {"fault": fault, "confidence": 0.95, "explained": False, "right": right, "placed": right}


def row(kind: str, *findings: dict[str, Any], key: str, fault: str = "dead_relu") -> dict[str, Any]:
    made = {"set": "open", "key": key, "kind": kind, "fault": fault, "said": list(findings)}
    return made | {"answered": True, "doctor": "one"}


ROWS = [
    row("faulty", said("dead_relu", right=True), key="a"),
    row("faulty", said("lr_too_low", right=False), key="b", fault="zero_init"),
    row("healthy", key="c", fault=""),
    row("mended", said("lr_too_low", right=False), key="d"),
]
KINDS = (("a", "faulty"), ("b", "faulty"), ("c", "healthy"))
TOOL = {"warned": True, "found": False, "right": False}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Made-up results, in the place of the kept ones."""
    made: dict[str, Any] = {"rows": ROWS, "machine": {"processor": "P", "date": "2026-01-01"}}
    monkeypatch.setattr(trust, "kept", lambda: made)
    return made


def test_what_is_wrong_is_counted(found: dict[str, Any]):
    assert trust.wrong() == (
        "Of 2 scripts without a fault, healthy and mended, 1 is accused (`lr_too_low` 1×). Of 2 scripts with "
        "one, the doctor finds nothing in 0, and in 1 what it names first is neither the fault nor another "
        "right answer."
    )
    assert "| open | 1 of 2 (3–97 %) | 1 of 2 (3–97 %) | 1 of 2 (3–97 %) | 0 of 1 (0–95 %) |" in trust.sets()
    assert "states of the doctor" not in trust.sets()
    found["rows"] = [{**ROWS[0], "doctor": "other"}, *ROWS[1:]]
    assert "from 2 states of the doctor's code" in trust.sets()
    assert "| `zero_init` | 1 | 0 | 0 | 0 | – |" in trust.faults()


def test_confidence_has_a_row_a_range(found: dict[str, Any]):
    (line,) = [line for line in trust.confidence().splitlines() if "0.95" in line]
    assert line.startswith("| 0.93 to 1 | 0.95 | 1 of 3")
    assert "<svg" in trust.pictures(None)["trust-confidence.svg"]


def test_what_wasnt_measured_is_said(found: dict[str, Any]):
    assert trust.cost() == trust.outcomes() == trust.remedies() == "Not measured."
    found["cost"] = [
        {"key": "a", "cpu": 3.0, "mb": 120, "plain_cpu": 2.0, "plain_mb": 100, "same_output": True},
    ]
    assert "the median takes 2.0 s of processor time by itself and 1.0 s more" in trust.cost()
    assert "1 of 1 print the same" in trust.cost()
    found["overhead"] = [
        {"model": "CNN", "parameters": 9, "steps": 5, "plain_cpu": 2.0, "cpu": 3.0, "plain_mb": 9, "mb": 8}
    ]
    found["bits"] = {"same": 3, "trainings": 3, "asked": 2, "not_repeatable": 0}
    assert "| CNN | 9 | 5 | 2.0 s | 3.0 s (+50%) | 9 MB, -1 MB |" in trust.cost()
    assert (
        "in 3 of 3 trainings: at the script's end and after the doctor's last passes, which 2" in trust.cost()
    )
    found["bits"]["not_repeatable"] = 1
    assert "in 3 of 3 trainings; 1 more differ from themselves without it, too:" in trust.cost()


def test_runs_judged_otherwise_are_in_a_table(found: dict[str, Any]):
    runs = [{"seed": 1, "said": {"seeds": "poor", "--try": "poor"}}]
    found["outcomes"] = [{"set": "open", "name": "x.py", "runs": runs}]
    assert trust.outcomes() == "1 script (open 1 of 3), 1 run: 0 are not judged alike."
    found["outcomes"][0]["runs"][0]["said"]["seeds"] = "learnt"
    assert trust.outcomes().endswith("| x.py | 1 | seeds: learnt, --try: poor |")


def test_the_doctor_is_put_beside_tools_on_the_same_scripts(found: dict[str, Any]):
    found["peers"] = [{"key": key, "kind": kind, "tools": {"torchdiag": TOOL}} for key, kind in KINDS]
    told = trust.peers()
    assert "| trainlab doctor | the script | [these faults](faults.md) | 1 of 2 | 0 of 2 | 0 of 1 |" in told
    (line,) = [line for line in told.splitlines() if line.startswith("| torchdiag")]
    assert line.endswith("| 0 of 2 | 0 of 2 | 1 of 1 |")
    assert not re.search(r"gradsnitch.*\d of [1-9]", told)


def test_remedies_that_help_are_counted_by_how_they_are_given(found: dict[str, Any]):
    def asked(given: str, verdict: str, result: str) -> dict[str, Any]:
        return {"given": given, "verdict": verdict, "result": result, "better": 9, "seeds": 10}

    several = [
        asked("advice", "mended", "helps"), asked("advice", "", "nothing"), asked("tried", "harmed", "hurts")
    ]  # fmt: skip
    lifted = {"set": "liftable", "fault": "dead_relu", "why_not": "", "state": "stuck", "remedies": several}
    other = {"set": "open", "fault": "", "why_not": "it is too large", "remedies": []}
    lifted["doctor"] = other["doctor"] = "one"
    found["remedies"] = [lifted, other]
    told = trust.remedies()
    assert told.startswith(
        "1 script can be lifted: 1 made for this, and 0 of 1 that were asked of the sets; 1 fails."
    )
    assert (
        "| advice, tried by the doctor | 1 | 1 of 1 (5–100 %) | 0 of 1 (0–95 %) | 0 of 1 (0–95 %) |" in told
    )
    assert (
        "| advice, not tried | 1 | 0 of 1 (0–95 %) | 1 of 1 (5–100 %); 1 better | 0 of 1 (0–95 %) |" in told
    )
    assert "| told as tried, no advice | 1 | 0 of 1 (0–95 %) | 0 of 1 (0–95 %) | 1 of 1 (5–100 %) |" in told
    assert told.endswith("| `dead_relu` | 2 | 1 | 1; 1 better | 0 |")


def test_the_page_says_which_differences_are_seen():
    """The least that McNemar's exact test shows at 5 %: where none does the opposite, and where half do."""

    def least(changed: int | None) -> int:
        for more in range(1, 100):
            pairs = more if changed is None else changed
            if (pairs + more) % 2 == 0 and binomtest((pairs + more) // 2, pairs).pvalue <= 0.05:
                return more
        raise AssertionError

    page = " ".join(blocks.pages()[Path("docs/trust.md")].split())
    alone, half = least(None), (least(200), least(100))
    assert f"Of 400 seeds {alone} more are seen where no seed does the opposite, and {half[0]} more" in page
    assert f"half of the seeds change, either way; of 200 it is {alone} and {half[1]}." in page


def test_the_pages_say_how_long_remedies_are_tried():
    pages = {name: " ".join(text.split()) for name, text in blocks.pages().items()}
    had = f"had up to {doctor_remedies.SECONDS:.0f} s here, and have {unasked.TRYING:.0f} s otherwise"
    assert had in pages[Path("docs/trust.md")]
    own = f"for {unasked.BUDGET:.0f} s and as long again as the training took, {unasked.MOST:.0f} s at most"
    assert own in pages[Path("docs/doctor.md")]


# docs/trust.md says of trainings that others wrote what is kept of them.


def test_each_training_is_named_once_and_judged():
    trainings: list[dict[str, Any]] = trust.trainings_kept()["trainings"]
    assert len({one["source"] for one in trainings}) == len(trainings)
    for one in trainings:
        assert one["judged"] in {*trust.JUDGED, "right"}
        assert bool(one["why"]) == (one["judged"] != "right")
        assert not (one["faults"] and one["judged"] in ("right", "unseen", "outcome"))


def test_the_sentence_counts_sound_ones_alone(monkeypatch: pytest.MonkeyPatch):
    def made(judged: str, now: str = "") -> dict[str, str]:
        return {"judged": judged, "now": now}

    trainings = [made("false", "mended"), made("false"), made("arguable"), made("true"), *[made("right")] * 7]
    monkeypatch.setattr(trust, "trainings_kept", lambda: {"date": "2026-01-01", "trainings": trainings})
    assert trust.first_sight() == (
        "11 trainings, 2026-01-01: in 1 what was found is there. Of the other 10 the doctor accused 2 "
        "(4–51 %) without reason, and 3 (9–61 %) with those that can be argued about; of 0 it said that no "
        "training was seen, and of 0 the outcome was wrong. The rest, 7, were accused of nothing. 1 of those "
        "accused without reason is left as they were."
    )
