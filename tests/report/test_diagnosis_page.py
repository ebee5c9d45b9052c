"""The page of a diagnosis: whole, escaped, causes around their symptoms, every picture with its numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from diagnosis.report.test_show import CARD, finding, report
from report.page_reader import PageReader, svgs

from trainlab.diagnosis.report.sections import report_sections
from trainlab.page.document import page as whole_page
from trainlab.report import diagnosis_html
from trainlab.report.section_pages import DiagnosisParts

CHAIN: dict[str, Any] = {
    "kind": "chain",
    "title": "From the input to the loss",
    "arrows": True,
    "nodes": [
        {"label": "<b>linear", "note": "fc", "wrong": False},
        {"label": "softmax", "note": "", "wrong": True},
    ],
}
BARS: dict[str, Any] = {
    "kind": "bars",
    "title": "Update a step",
    "x_label": "update / weight (rms)",
    "log": True,
    "usual": [1e-3, 1e-2],
    "bars": [{"label": "fc.weight", "value": 0.3}, {"label": "out.weight", "value": 0.2}],
}
HISTOGRAM: dict[str, Any] = {
    "kind": "histogram",
    "title": "Targets",
    "x_label": "target",
    "edges": [0.0, 1.0, 2.0],
    "counts": [3, 5],
    "range": {"label": "what relu can answer", "low": 0.0, "high": None},
}
STRIPS: dict[str, Any] = {
    "kind": "strips",
    "title": "Classes",
    "parts": ["class 0", "class 1"],
    "rows": [{"label": "batch 1", "counts": [8, 0]}, {"label": "batch 2", "counts": [0, 8]}],
}
SHAPES: dict[str, Any] = {
    "kind": "shapes",
    "title": "Shapes",
    "boxes": [
        {"label": "output", "shape": [8, 1], "wrong": False},
        {"label": "all", "shape": [8, 8], "wrong": True},
    ],
}


def page() -> str:
    return diagnosis_html(
        report(
            finding("lr_too_high", picture=BARS, where="opt at <b>train.py</b>:9"),
            finding("loss_activation_mismatch", picture=CHAIN),
            finding("dead_relu", picture=HISTOGRAM, consequence_of="lr_too_high", because="steps overshoot"),
            notes=(finding("no_nonlinearity"),),
        ),
        title="Diagnosis of <b>train.py",
    )


def test_the_page_is_whole_and_escaped():
    reader = PageReader(page())
    assert [words for level, words in reader.headings if level == "h2"] == [
        "What is wrong",
        "Worth knowing",
        "What was trained",
        "What was looked at",
    ]
    assert [words for level, words in reader.headings if level == "h3"] == [
        "1. The steps are too large",
        "2. ReLUs are silent for every sample",
        "3. The loss is given what it isn't made for",
        "There is no non-linearity between the layers",
    ]
    assert "<b>" not in page()
    assert not any(tag in ("link", "img") for tag, _ in reader.tags)
    assert page() == page()


def test_a_symptom_stands_inside_of_its_cause():
    cause, symptom = (
        page().index(f'<article class="finding" id="{name}"') for name in ("lr_too_high", "dead_relu")
    )
    inner = page()[cause:symptom]
    assert inner.count("<article") == 1
    assert "</article>" not in inner
    assert "<code>lr_too_high</code>: steps overshoot" in page()


def test_the_first_findings_picture_stands_beside_the_verdict_and_only_there():
    front, rest = page().split("<nav")
    assert "Update a step" in front
    assert 'href="#lr_too_high"' in front
    assert 'href="#dead_relu"' not in front  # a symptom
    assert "The picture is at the top of the page." in rest
    assert "Update a step" not in rest


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("learnt", "These are no faults: the training does without a remedy for them."),
        ("stuck", "None of these is known to keep the training from learning more."),
    ],
)
def test_notes_arent_waved_off_where_the_training_falls_short(outcome: str, words: str):
    made = report(notes=(finding("no_nonlinearity"),)).to_dict()
    made["card"] = {**made["card"], "outcome": outcome}
    assert words in diagnosis_html(made)


def test_notes_look_unlike_findings():
    (note,) = re.findall(r'<article class="note">.*?</article>', page(), re.DOTALL)
    assert "no_nonlinearity" in note
    assert "Confidence" not in note
    assert "If it is meant so, there is nothing to do" in note


def test_everything_can_be_reached_by_keyboard_and_is_named():
    reader = PageReader(page())
    ids = [attributes["id"] for _, attributes in reader.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for tag, attributes in reader.tags:
        if tag == "pre":
            assert attributes["tabindex"] == "0"
        if "aria-labelledby" in attributes:
            assert set(str(attributes["aria-labelledby"]).split()) <= set(ids)
    assert len(svgs(page())) == 4
    assert page().count("<summary>In words and numbers</summary>") == 4


@pytest.mark.parametrize("picture", [BARS, CHAIN, HISTOGRAM, STRIPS, SHAPES], ids=lambda one: one["kind"])
def test_every_kind_of_picture_is_drawn(picture: dict[str, Any]):
    made = diagnosis_html(report(finding("lr_too_high", picture=picture)))
    PageReader(made)
    assert len(svgs(made)) == 2


def test_a_picture_that_comes_twice_is_drawn_once():
    made = diagnosis_html(
        report(
            finding("wrong_loss", picture=CHAIN),
            finding("lr_too_high", picture=BARS),
            finding("oscillating_loss", picture=BARS),
        )
    )
    assert len(svgs(made)) == 3
    assert "The picture is that of finding 2." in made


def test_the_same_picture_is_drawn_once():
    made = diagnosis_html(
        report(finding("lr_too_high", picture=BARS), finding("oscillating_loss", picture=BARS))
    )
    assert len(svgs(made)) == 2
    assert made.count("The picture is at the top of the page.") == 2


def test_added_and_removed_lines_are_marked_besides_their_sign():
    assert '<span class="added">+ opt.zero_grad()</span>' in page()


def test_what_is_known_of_a_fault_is_on_the_page():
    assert "<summary>About lr_too_high</summary>" in page()
    assert "trainlab faults lr_too_high" in page()
    assert '<a href="#about-lr_too_high">' in page()
    assert page().count('id="about-lr_too_high"') == 1


def test_nothing_found_has_no_findings_section():
    made = diagnosis_html(report(card=CARD | {"outcome": "learnt"}))
    headings = [words for _, words in PageReader(made).headings]
    assert "What is wrong" not in headings
    assert "Nothing found." in made
    assert "Looked at: 100 steps" in made


def test_several_reports_stand_on_a_page():
    found = report(
        finding("lr_too_high", picture=BARS),
        finding("oscillating_loss", picture=BARS),
        finding("dead_relu", consequence_of="lr_too_high", because="steps overshoot"),
        picture=None,
    )
    shown = [
        DiagnosisParts(report_sections(found), "gan-", top="above"),
        DiagnosisParts(report_sections(report(finding("dead_relu", picture=CHAIN), picture=None)), "critic-"),
    ]
    made = whole_page("Two", shown[0].front(), [part for each in shown for part in each.parts()])
    ids = [attributes["id"] for _, attributes in PageReader(made).tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = set(re.findall(r'href="#([^"]*)"', made))
    assert links <= set(ids)
    assert {"gan-dead_relu", "critic-dead_relu", "gan-findings", "critic-about-dead_relu"} <= set(ids)
    assert "The picture is above." in made
