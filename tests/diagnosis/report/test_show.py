"""The report in the terminal: verdict first, symptoms under causes, notes apart, 80 columns."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from trainlab.diagnosis import Finding, Report, show_report
from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.finding import Proof, by_structure
from trainlab.diagnosis.report.sections import blame_words, confidence_words
from trainlab.diagnosis.report.show import SCREEN, report_lines, report_text, rest_line
from trainlab.diagnosis.report.verdict import verdict

CARD: dict[str, Any] = {
    "models": [
        {
            "name": "net",
            "class": "Net",
            "parameters": 44,
            "trainable": 44,
            "reachable": 38,
            "training_passes": {"train mode": 30, "eval mode": 70},
            "evaluation_passes": {"train mode": 0, "eval mode": 5},
            "depends_on_mode": ["drop"],
        }
    ],
    "unregistered_parameters": 0,
    "optimizers": [
        {
            "name": "opt",
            "kind": "SGD",
            "where": "train.py:9",
            "settings": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.0},
            "parameters": 44,
            "steps": 100,
            "made": 1,
            "last_lr": 0.01,
        }
    ],
    "losses": [
        {
            "kind": "mse_loss",
            "where": "train.py:20",
            "output_shape": [32, 1],
            "target_shape": [32, 1],
            "target_dtype": "float32",
        }
    ],
    "batch": [32, 2],
    "loaders": [{"rows": 640, "batch": 32, "shuffled": True, "passes": 5}],
    "epochs": 5.0,
    "output_head": "linear (out), then sigmoid",
    "steps": 100,
    "backward_passes": 100,
    "first_loss": 0.25,
    "last_loss": None,
    "constant_answer_loss": 0.25,
    "outcome": "stuck",
    "seconds": 1.0,
}
LOOKED = {
    "steps": 100,
    "graphs": 9,
    "parameters": 4,
    "activations": 1,
    "batches": 60,
    "losses": 1,
    "torch_imported": True,
    "compiled_calls": 0,
    "other_threads": 0,
    "other_processes": 0.0,
    "other_frameworks": [],
}
CURVE = {
    "kind": "lines",
    "title": "Loss over the steps",
    "x_label": "step",
    "y_label": "loss",
    "log_y": False,
    "lines": [{"label": "training loss", "x": [0.0, 50.0, 100.0], "y": [0.25, 0.5, None]}],
}
LONG = "a_very_long_module_path." * 5 + "weight"


def finding(fault: str, **changes: Any) -> Finding:
    known: dict[str, Any] = {
        "fault": fault,
        "title": all_faults()[fault].title,
        "where": f"opt.step() at train.py:22: `opt.step()` of {LONG}",
        "confidence": 0.97,
        "evidence": ("100 of 100 steps", "[bold]not markup[/bold] " * 6),
        "remedy": "Clear the gradients in every step.",
        "code": "# train.py:21\n+ opt.zero_grad()\n  loss.backward()",
    }
    return Finding(**known | changes)


def report(*findings: Finding, notes: tuple[Finding, ...] = (), **changes: Any) -> Report:
    known: dict[str, Any] = {
        "findings": findings,
        "notes": notes,
        "card": CARD,
        "looked_at": LOOKED,
        "ended": {"how": "end", "code": 0},
        "outcome": {},
        "picture": CURVE,
    }
    return Report(**known | changes)


def whole(found: Report) -> str:
    """The report with all its details."""
    return found.details()


def test_the_verdict_comes_first_and_names_causes_only():
    text = whole(
        report(
            finding("missing_zero_grad"),
            finding("clip_misplaced"),
            finding("dead_relu", consequence_of="missing_zero_grad", because="too much"),
        )
    )
    head = " ".join(text.split("\n\n")[0].split())
    assert head == (
        "The training doesn't learn. Likely cause: gradients are never cleared (missing_zero_grad). "
        "That isn't proven; --try tests it. Also found: gradients are clipped at the wrong time "
        "(clip_misplaced)."
    )


def test_symptoms_stand_under_their_causes():
    text = whole(
        report(
            finding("lr_too_high"),
            finding("clip_misplaced"),
            finding("nonfinite_values", consequence_of="lr_too_high", because="steps overshoot"),
        )
    )
    headings = [line for line in text.splitlines() if line.strip()[:2] in ("1.", "2.", "3.")]
    assert headings == [
        "1. lr_too_high: the steps are too large",
        "   2. nonfinite_values: values become NaN or infinite",
        "3. clip_misplaced: gradients are clipped at the wrong time",
    ]
    assert "explained  by lr_too_high: steps overshoot" in text


def test_no_line_is_longer_than_80_columns_and_no_name_is_cut():
    text = whole(report(finding("missing_zero_grad"), notes=(finding("no_nonlinearity"),)))
    long = [line for line in text.splitlines() if len(line) > 80]
    assert all(LONG in line for line in long)
    assert text.count(LONG) == 2
    assert "[bold]not markup[/bold]" in text


def test_a_narrow_terminal_gets_narrow_lines():
    out = io.StringIO()
    show_report(
        report(finding("clip_misplaced", where="train.py:3")).to_dict(),
        Console(file=out, width=50),
        details=True,
    )
    assert max(map(len, out.getvalue().splitlines())) <= 50


def test_without_colour_there_is_no_escape_and_with_it_the_words_are_the_same():
    out = io.StringIO()
    data = report(finding("missing_zero_grad")).to_dict()
    show_report(data, Console(file=out, width=80, force_terminal=True, color_system="256"), details=True)
    assert "\x1b" in out.getvalue()
    plain = report_text(data, details=True)
    assert "\x1b" not in plain
    import re

    assert re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()) == plain


def test_what_comes_of_the_script_does_not_command_the_terminal():
    told = finding("missing_zero_grad", evidence=("\x1b[2Jgone\x07",), code="# a.py:1\n+ \tstep()")
    data = report(told, ended={"how": "error", "error": "ValueError: \x1b]0;title\x07"}).to_dict()
    out = io.StringIO()
    show_report(data, Console(file=out, width=80, color_system=None), details=True)
    for text in (out.getvalue(), report_text(data, details=True), report_text(data)):
        assert "�[2Jgone�" in text
        assert not set(text) & {"\x1b", "\x07", "\t"}


def test_the_card_is_a_table_of_facts():
    text = whole(report())
    for line in (
        "model      net (Net): 44 parameters declared, 38 reachable from the loss",
        "head       linear (out), then sigmoid",
        "optimizer  opt: SGD, lr 0.1, momentum 0.9, lr at the end 0.01, 44 parameters,",
        "loss       mse_loss at train.py:20: output (32, 1), target (32, 1) float32",
        "loaders    640 rows, shuffled, in batches of 32, 5 times",
        "length     100 steps, about 5 epochs, 100 backward passes",
        "training   loss 0.25 → unknown; the best constant answer has 0.25",
    ):
        assert line in text.splitlines(), line
    assert "net: 30 training passes in train mode, 70 training passes in eval mode, 5" in " ".join(
        text.split()
    )


def test_nothing_found_says_what_was_looked_at():
    learnt = CARD | {"outcome": "learnt"}
    text = whole(report(card=learnt))
    assert text.startswith("Nothing found.\nLooked at: 100 steps, 9 autograd graphs, 4 parameter tensors,")
    assert "Nothing found that explains it" in whole(report())
    assert "before the script failed" in whole(report(card=learnt, ended={"how": "error", "message": "E"}))
    none = LOOKED | dict.fromkeys(("steps", "graphs", "parameters", "activations", "batches", "losses"), 0)
    unseen = report(card=learnt | {"backward_passes": 0}, looked_at=none)
    assert str(unseen).startswith("No training was seen")


def test_a_loss_that_still_falls_is_told_to_go_on():
    ended = report(card=CARD | {"outcome": "poor"})
    found = {"behind": True, "reached": 0.61, "reached_as": "accuracy", "late_fall": 0.234}
    text = replace(ended, outcome=found).verdict
    assert text == (
        "Nothing found but that it ends early. The loss still fell by 23 % from the second third of its 100 "
        "steps to the last (accuracy 0.61 so far): train longer, or try a higher learning rate."
    )
    for late_fall in (None, 0.05, -0.5):
        at_rest = replace(ended, outcome=found | {"late_fall": late_fall})
        assert "ends early" not in at_rest.verdict


def test_what_may_be_meant_comes_first_where_nothing_else_is_known():
    asked = {"question": "targets that are maps are turned as their inputs are", "words": "of 9, 2 fit best."}
    learnt = CARD | {"outcome": "learnt"}
    for answer, told in (("deviates", True), ("no", True), ("yes", False), ("open", False)):
        text = report(card=learnt, recipe=[asked | {"answer": answer}]).verdict
        doubted = "No fault found for certain, but inputs seem to be turned without their targets: of 9"
        assert text.startswith(doubted if told else "Nothing found.")


def test_notes_are_no_accusations():
    text = whole(report(finding("clip_misplaced"), notes=(finding("no_nonlinearity"),)))
    before, after = text.split("Worth knowing (no faults):")
    assert "no_nonlinearity" not in before
    assert "there is no non-linearity between the layers (no_nonlinearity)" in after
    assert "if meant" in after
    assert "almost certain" not in after


def test_evidence_picture_remedy_and_link_are_there():
    bars = {
        "kind": "bars",
        "title": "Calls counted",
        "x_label": "calls",
        "log": False,
        "usual": None,
        "bars": [{"label": "loss.backward()", "value": 100.0}, {"label": "opt.step()", "value": 0.0}],
    }
    lines = whole(report(finding("missing_optimizer_step", picture=bars))).splitlines()
    assert "   picture    Calls counted (calls):" in lines
    (drawn,) = [line for line in lines if "loss.backward()" in line and "▇" in line]
    assert drawn.startswith("              loss.backward() 100 ▇▇▇")
    assert "              opt.step()        0" in lines
    assert "              + opt.zero_grad()" in lines
    assert "   more       trainlab faults missing_optimizer_step" in lines
    assert "   is there   almost certain (0.97); likely the cause, not proven" in lines


BARS = {
    "kind": "bars",
    "title": "Gradient by layer",
    "x_label": "rms",
    "log": True,
    "usual": None,
    "bars": [{"label": f"layer {place}", "value": 10.0**-place} for place in range(12)],
}


def test_in_short_it_is_the_verdict_the_evidence_a_picture_and_the_remedy():
    lines = str(report(finding("missing_optimizer_step", picture=BARS))).splitlines()
    assert len(lines) <= 28
    text = "\n".join(lines)
    for words in (
        "evidence   100 of 100",
        "+ opt.zero_grad()",
        "remedy     Clear",
        "faults missing_optimizer",
    ):
        assert words in text
    assert "training   loss 0.25 → unknown; the best constant answer has 0.25" in lines
    assert not any(line.startswith(("model", "optimizer", "loss curve")) for line in lines)


def test_in_short_a_long_report_has_fewer_bars_and_less_evidence():
    evidence = tuple(f"number {place} " * 36 for place in range(6))
    found = report(finding("vanishing_gradient", picture=BARS, evidence=evidence))
    text = str(found)
    assert len(text.splitlines()) <= 28
    assert [place for place in range(6) if f"number {place}" in text] == [0]
    assert [place for place in range(12) if f"layer {place} " in text] == [0, 1, 10, 11]
    assert all(f"number {place}" in found.details() for place in range(6))


def test_in_short_what_a_trial_has_proven_is_told_once():
    tried = "Tried: with the learning rate × 0.1 (lr_too_high) it learns: 5 of 5; unchanged: 0 of 5."
    trial = {"remedy": "lr", "words": "the learning rate × 0.1: 5 of 5", "same_loss": True, "seeds": []}
    proven = finding("lr_too_high", picture=BARS, evidence=(LONG * 2,)).to_dict() | {
        "proof": {"by": "trial", "words": "with the learning rate × 0.1 5 of 5 seeds learn, without 0"},
        "tried": {"words": "", "remedies": [trial | {"verdict": "mended", "reached_as": None}]},
    }
    others = [finding(name).to_dict() for name in ("clip_misplaced", "missing_zero_grad")]
    found = report().to_dict() | {"findings": [proven, *others], "tried": {"words": tried}}
    lines = [line for line, _ in report_lines(found)]
    text = "\n".join(lines)
    assert len(lines) <= SCREEN
    assert text.count("5 of 5") == 1
    assert "picture" not in text
    assert "remedy     Clear" in text
    proven["remedy"]["code"] = "# train.py:9 (the learning rate × 0.1, as tried)"
    assert "   remedy     # train.py:9 (the" in "\n".join(line for line, _ in report_lines(found))
    of_another = found | {"tried": {"words": tried.replace("lr_too_high", "lr_too_low")}}
    assert "5 of 5 seeds learn, without 0" in "\n".join(line for line, _ in report_lines(of_another))


def test_in_short_other_findings_have_a_few_lines_and_notes_one():
    found = report(
        finding("lr_too_high"),
        finding("nonfinite_values", consequence_of="lr_too_high", because="steps overshoot"),
        finding("clip_misplaced"),
        notes=(finding("no_nonlinearity"),),
    )
    text = str(found)
    assert text.count("is there") == text.count("evidence") == 1
    assert text.count("remedy     Clear the gradients") == 2
    assert text.count("+ opt.zero_grad()") == 1
    assert "; explained by lr_too_high\n" in text
    note = "Worth knowing, no faults: there is no non-linearity between the layers (no_nonlinearity)."
    assert note in " ".join(text.split())
    assert rest_line(found.to_dict()) == (
        "More with --details: what was trained, the loss curve, each finding with its picture, 1 note with "
        "numbers. With --html FILE: a page with all pictures."
    )
    assert "--html" not in rest_line(found.to_dict(), has_page=True)


def test_where_only_the_symptom_is_known_the_verdict_says_that_the_cause_is_not():
    assert verdict(report(finding("loss_plateau")).to_dict()) == (
        "The training doesn't learn, and the cause wasn't found: its loss stays where that of a constant "
        "answer is (loss_plateau)."
    )


def test_the_loss_curve_is_drawn_once():
    curve = CURVE | {"lines": [*CURVE["lines"], {"label": "best constant answer", "x": [0], "y": [1.0]}]}
    found = report(finding("loss_plateau", picture=CURVE))
    assert (
        "   picture    the same as the loss curve above" in whole(replace(found, picture=curve)).splitlines()
    )


def test_the_same_picture_is_shown_once():
    other = CURVE | {"lines": [*CURVE["lines"], {"label": "held-out loss", "x": [0.0], "y": [1.0]}]}
    text = whole(report(finding("lr_too_high", picture=other), finding("oscillating_loss", picture=other)))
    assert text.count("training loss") == 2  # with the card, and with the first finding
    assert "   picture    the same as that of 1" in text.splitlines()


def test_a_loss_that_stops_being_finite_is_told_by_a_sign():
    (line,) = [line for line in whole(report()).splitlines() if "training loss" in line]
    assert "!" in line
    assert line.endswith("0.25 → not finite")


@pytest.mark.parametrize(
    ("outcome", "start", "proven"),
    [
        ("stuck", "The training doesn't learn. Likely cause: the", "The training doesn't learn because the"),
        ("poor", "The training learns too little. Likely", "The training learns too little because the"),
        ("diverged", "The training fails. Likely cause: the", "The training fails because the"),
        ("learnt", "The loss falls, but the steps", "The loss falls, but the steps"),
        ("unknown", "Something is wrong with the training: the", "Something is wrong with the training: the"),
    ],
)
def test_the_verdict_says_how_it_went_and_because_only_where_that_is_proven(
    outcome: str, start: str, proven: str
):
    card = CARD | {"outcome": outcome}
    data = report(finding("lr_too_high"), card=card).to_dict()
    assert verdict(data).startswith(start)
    assert data["verdict"] == verdict(data)
    proof = Proof(by="trial", words="with lr 0.1 5 of 5 seeds learn, without 0")
    assert report(finding("lr_too_high", proof=proof), card=card).verdict.startswith(proven)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "likely the cause, not proven"),
        ({"confidence": 0.7}, "possibly the cause, not proven"),
        ({"proof": Proof(words="most of it learns")}, "possibly the cause, not proven: most of it learns"),
        ({"proof": by_structure("nothing moves")}, "proven to be the cause: nothing moves"),
    ],
)
def test_whether_a_fault_is_there_is_one_thing_and_whether_it_is_to_blame_another(
    changes: dict[str, Any], words: str
):
    found = report(finding("lr_too_high", **changes), card=CARD | {"outcome": "stuck"})
    sure = f"({changes.get('confidence', 0.97):.2f})"
    assert f"{sure}; {words} where" in " ".join(str(found).split())
    assert blame_words(found.to_dict()["findings"][0], "learnt") == ""


def test_what_cannot_be_tried_is_not_offered_to_be():
    card = CARD | {"outcome": "stuck"}
    assert "--try" in report(finding("lr_too_high"), card=card).verdict
    assert report(finding("repeated_batch"), card=card).verdict.endswith(" That isn't proven.")


@pytest.mark.parametrize("name", [one.name for one in all_faults().values() if one.not_to_blame])
def test_what_changes_the_evaluation_alone_is_no_cause_of_a_failure(name: str):
    found = report(finding(name), card=CARD | {"outcome": "stuck"})
    fault = all_faults()[name]
    assert found.verdict == (
        "The training doesn't learn, and why isn't known. "
        f"Found: {fault.title} ({name}); {fault.not_to_blame}."
    )
    assert f"(0.97); not the cause: {fault.not_to_blame} where" in " ".join(str(found).split())
    assert report(finding(name), card=CARD | {"outcome": "learnt"}).verdict.startswith("The loss falls, but")


def test_confidence_in_words():
    assert [confidence_words(value) for value in (0.97, 0.93, 0.85, 0.75, 0.6)] == [
        "almost certain",
        "almost certain",
        "likely",
        "likely",
        "possible",
    ]
