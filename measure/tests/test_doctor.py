"""How the doctor's verdicts and remedies on cases are scored: made-up rows whose score is known."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from measure import doctor_bench, doctor_outcomes, doctor_remedies, doctor_runs, doctor_score
from measure.doctor_liftable import BASES, FAULTS, cases
from measure.doctor_remedies import Lifted, counted, edited, is_edit, printed
from measure.doctor_runs import CASES, Case, all_cases, of_folder
from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.lift.recording import Recording
from trainlab.diagnosis.remedies.trial import Run
from trainlab.diagnosis.report.report import Outcome

# How the doctor's verdicts on cases are scored: rows that were made up, whose score is known.


def said(fault: str, confidence: float, *, right: bool = False, placed: bool = False) -> dict[str, Any]:
    return {"fault": fault, "confidence": confidence, "explained": False, "right": right, "placed": placed}


def row(
    kind: str, *findings: dict[str, Any], fault: str = "", of: str = "one", **more: Any
) -> dict[str, Any]:
    plain = {"set": of, "kind": kind, "fault": fault, "said": list(findings), "answered": True}
    return plain | more


ROWS = [
    row("faulty", said("dead_relu", 0.95, right=True, placed=True), fault="dead_relu"),
    row("faulty", said("lr_too_low", 0.8), said("zero_init", 0.7, right=True), fault="zero_init"),
    row("faulty", fault="zero_init", of="two"),
    row("healthy", of="two"),
    row("mended", said("lr_too_low", 0.8), fault="zero_init", of="two"),
]


def test_found_first_and_placed_are_counted_of_faulty_scripts_and_alarms_of_the_others():
    one, two, both = doctor_score.by_set(ROWS)
    assert [rate and (rate.k, rate.n) for rate in (one.found, one.first, one.placed)] == [
        (2, 2),
        (1, 2),
        (1, 2),
    ]
    assert one.healthy is None
    assert [rate and (rate.k, rate.n) for rate in (two.found, two.healthy, two.mended)] == [
        (0, 1),
        (0, 1),
        (1, 1),
    ]
    assert both.found is not None
    assert (both.name, both.found.k, both.found.n) == ("all", 2, 3)
    names = [(score.name, score.found and score.found.n) for score in doctor_score.by_fault(ROWS)]
    assert names == [("dead_relu", 1), ("zero_init", 2)]
    assert doctor_score.alarms(ROWS) == {"lr_too_low": 1}


def test_confidence_is_held_against_how_many_were_right():
    bins = [
        (each.low, round(each.said, 2), each.right.k, each.right.n) for each in doctor_score.calibration(ROWS)
    ]
    assert bins == [(0.6, 0.7, 1, 1), (0.75, 0.8, 0, 2), (0.93, 0.95, 1, 1)]
    first = doctor_score.calibration(ROWS, first=True)
    assert [(each.low, each.right.n) for each in first] == [(0.75, 2), (0.93, 1)]


def test_overhead_is_of_scripts_that_were_run_by_themselves():
    assert doctor_score.overhead([]) is None
    pair = {"cpu": 3.0, "mb": 120, "plain_cpu": 2.0, "plain_mb": 100, "same_output": True}
    found = doctor_score.overhead([pair])
    assert found is not None
    assert (found["scripts"], found["more_cpu"], found["times"], found["more_mb"]) == (1, 1.0, 1.5, 20)
    assert found["same"] == 1


@pytest.mark.parametrize(
    ("where", "placed"),
    [
        ("self.teacher", True),
        ("in the loop", False),
        ("teacher, student", True),
        ("teach", False),
        ("", False),
    ],
)
def test_a_finding_is_placed_by_a_name_of_the_label(where: str, placed: bool):
    finding = {"where": "x", "evidence": ["self.teacher is the student"], "remedy": {"text": "", "code": ""}}
    assert doctor_runs.is_placed(where, finding) is placed


def test_a_row_keeps_no_words_of_the_findings(tmp_path: Path):
    (tmp_path / "a.py").write_text("print(1)\n")
    case = Case(of="one", script=tmp_path / "a.py", kind="faulty", fault="dead_relu", where="layer1")
    finding = {
        "fault": "dead_relu",
        "confidence": 0.9,
        "consequence_of": None,
        "where": "layer1 (secret)",
        "evidence": [],
        "remedy": {},
    }
    kept = doctor_runs.row(case, {"findings": [finding], "outcome": {"state": "stuck"}})
    assert "secret" not in str(kept)
    assert kept["said"][0]["right"] is kept["said"][0]["placed"] is True


def test_a_process_is_timed_to_its_end(tmp_path: Path):
    ran = doctor_runs.run(["sh", "-c", "echo out; echo err >&2; exit 3"], folder=tmp_path)
    assert (ran.code, ran.output, ran.errors) == (3, "out\n", "err\n")


def test_every_case_has_a_key_of_its_own_and_mended_copies_differ(tmp_path: Path):
    cases = list(of_folder(CASES / "open"))
    assert len({case.key for case in all_cases()}) == len(all_cases())
    mended = next(case for case in cases if case.kind == "mended")
    assert mended.copy_to(tmp_path).read_text() != mended.script.read_text()
    assert mended.right == frozenset()


def test_kept_rows_are_read_back(tmp_path: Path):
    path = tmp_path / "kept.json"
    doctor_bench.write(path, {"machine": {"date": "today"}, "rows": ROWS, "peers": []})
    assert doctor_bench.read(path) == {"machine": {"date": "today"}, "rows": ROWS, "peers": []}
    assert doctor_bench.read(tmp_path / "none.json") == {}


def test_what_is_kept_isnt_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    ran: list[str] = []

    def judged(cases: Sequence[Case]) -> Iterator[tuple[Case, None]]:
        ran.extend(case.script.name for case in cases)
        return ((case, None) for case in cases)

    monkeypatch.setattr(doctor_bench, "judged", judged)
    words = ["--only", "examples", "--kept", str(tmp_path / "kept.json")]
    assert doctor_bench.main(words) == 0
    assert len(ran) == 3
    assert doctor_bench.main(words) == 0
    assert len(ran) == 3
    assert "examples" in capsys.readouterr().out


def test_runs_that_are_judged_otherwise_are_named():
    runs = [
        {"seed": None, "said": {"doctor": "stuck", "watch": "stuck"}},
        {"seed": 1, "said": {"seeds": "learnt"}},
    ]
    rows = [{"name": "a.py", "runs": runs}]
    assert doctor_outcomes.disagreements(rows) == []
    runs[0]["said"] = {"doctor": "stuck", "watch": "learnt"}
    assert doctor_outcomes.disagreements(rows) == [("a.py", "own", "doctor: stuck, watch: learnt")]


@pytest.mark.slow
def test_all_judge_a_shipped_script_alike(tmp_path: Path):
    from measure.doctor_runs import of_examples

    case = next(case for case in of_examples() if case.script.name == "seeds_of_xor.py")
    found = doctor_outcomes.judged(case.copy_to(tmp_path))
    assert [each.said for each in found if not each.alike] == []
    assert found[0].said["doctor"] == "learnt"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["silent_network.py", "skipped_layer.py"])
def test_all_judge_the_failing_scripts_alike(tmp_path: Path, name: str):
    from measure.doctor_runs import of_examples

    case = next(case for case in of_examples() if case.script.name == name)
    found = doctor_outcomes.judged(case.copy_to(tmp_path))
    assert [each.said for each in found if not each.alike] == []
    assert found[0].said["doctor"] == "stuck"


def test_remedies_are_counted_by_what_came_of_them():
    made = [
        {"result": result, "better": better, "seeds": 10}
        for result, better in (("helps", 9), ("nothing", 8), ("nothing", 7), ("unknown", 0))
    ]
    found = doctor_score.remedies_scored("all", made)
    assert found is not None
    assert [(one.k, one.n) for one in (found.helps, found.nothing, found.hurts)] == [(1, 3), (2, 3), (0, 3)]
    assert (found.better, found.unknown) == (1, 1)
    assert doctor_score.remedies_scored("none", made[3:]) is None


# Which remedies a report prints, how a printed edit is made, and what counts as a help.


EDIT = "# a.py:2 (the learning rate × 0.1, as tried)\n- optimizer = SGD(lr=5)\n+ optimizer = SGD(lr=0.5)"
SCRIPT = "for _ in range(3):\n    optimizer = SGD(lr=5)\n    step()\n"


def test_a_printed_edit_is_made_in_its_line():
    assert is_edit(EDIT)
    assert edited(SCRIPT, EDIT) == SCRIPT.replace("lr=5", "lr=0.5")
    assert edited(SCRIPT, "# a.py:3\n- step()") == "for _ in range(3):\n    optimizer = SGD(lr=5)\n"
    assert edited(SCRIPT, EDIT.replace(":2", ":3")) is None
    assert edited(SCRIPT, EDIT.replace(":2", ":9")) is None
    assert not is_edit("for group in optimizer.param_groups:\n    group['lr'] = 0.1")
    assert not is_edit("")


def tried(words: str, verdict: str, learnt: int) -> dict[str, Any]:
    change = {"change": "lr", "times": 0.1}
    return {
        "remedy": words, "changes": [change], "same_loss": True, "verdict": verdict, "learnt": learnt
    }  # fmt: skip


def finding(*trials: dict[str, Any], code: str = "", because: str | None = None) -> dict[str, Any]:
    found = {"remedies": list(trials)} if trials else None
    remedy = {"text": "Lower it.", "code": code}
    return {"fault": "lr_too_high", "consequence_of": because, "remedy": remedy, "tried": found}


LIFTED = cast(
    "Lifted", SimpleNamespace(trials=SimpleNamespace(can_try=lambda one: True), recording=Recording())
)


def told(*findings: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    found = printed({"findings": list(findings)}, LIFTED)
    return [(one.given, one.words, one.verdict, bool(one.edit)) for one in found]


def test_advice_is_what_helped_most_and_the_rest_was_only_tried(monkeypatch: pytest.MonkeyPatch):
    first, second = tried("one", "partly", 9), tried("two", "mended", 70)
    assert told(finding(first, second)) == [
        ("advice", "two", "mended", False),
        ("tried", "one", "partly", False),
    ]
    assert told(finding(first, second, code=EDIT))[0] == ("advice", "two", "mended", True)
    vain = [tried("one", "no help", 0), tried("two", "harmed", 0), tried("three", "no hold", 0)]
    assert told(finding(*vain)) == [("tried", "one", "no help", False), ("tried", "two", "harmed", False)]
    assert told(finding(code=EDIT)) == [("advice", "Lower it.", "", True)]
    untried = [("advice", f"the learning rate × {times}", "", False) for times in ("0.1", "0.01")]
    monkeypatch.setattr(doctor_remedies, "can_be_tried", lambda one, *_: all_faults()[one["fault"]].remedies)
    assert told(finding()) == untried
    assert told(finding(because="dead_relu")) == []


def runs(*states: str) -> list[Run]:
    made = [
        Outcome(
            state=state,  # pyright: ignore[reportArgumentType]
            reached=0.5,
            reached_as="R²",
            neighbours_reach=None,
            first_loss=1.0,
            last_loss=0.5,
            constant_answer_loss=1.0,
            loss_by_constant=0.5,
            fit_by_constant=0.5,
        )
        for state in states
    ]
    return [Run(outcome=one, acted=1) for one in made]


def test_a_remedy_helps_or_hurts_where_more_or_fewer_seeds_learn_than_chance_explains():
    stuck, learnt = runs(*["stuck"] * 10), runs(*["learnt"] * 10)
    assert counted(stuck, learnt, same_loss=True) | {"p": 0.002} == {
        "seeds": 10, "without": 0, "with": 10, "p": 0.002, "better": 10, "worse": 0, "result": "helps"
    }  # fmt: skip
    assert counted(learnt, stuck, same_loss=True)["result"] == "hurts"
    assert counted(stuck, [*learnt[:5], *stuck[5:]], same_loss=True)["result"] == "nothing"
    assert counted(stuck, [*learnt[:6], *stuck[6:]], same_loss=True)["result"] == "helps"


def test_the_liftable_trainings_are_scripts_each_with_a_fault_of_its_own(tmp_path: Any):
    made = list(cases(tmp_path))
    texts = [case.script.read_text() for case in made]
    assert len(made) == len(set(texts)) == len(FAULTS) >= 30
    sound = {base.text() for base in BASES.values()}
    assert not sound & set(texts)
    for text in (*texts, *sound):
        ast.parse(text)
    known = {*all_faults(), "too_few_epochs"}
    assert all(case.right <= known and case.of == "liftable" for case in made)


def test_the_bench_asks_of_each_script_once(tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def measured(case: Any, runner: Any) -> dict[str, Any]:
        asked.append(case.key)
        return {"set": case.of, "key": case.key, "fault": case.fault, "why_not": "no", "remedies": []}

    monkeypatch.setattr(doctor_remedies, "measured", measured)
    monkeypatch.setattr(doctor_remedies, "Scripts", lambda: None)
    words = ["--remedies", "--only", "liftable", "--kept", str(tmp_path / "kept.json")]
    for _ in range(2):
        assert doctor_bench.main(words) == 0
    assert len(asked) == len(FAULTS)
