"""What all pages have in common: the answer and its picture first, one script, and no request."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from diagnosis.report.test_show import finding, report
from report.page_reader import PageReader
from report.study.small_study import result
from report.test_diagnosis_page import BARS, CHAIN
from studies.maps.made_map import made_map
from studies.races.racing import networks_race

from trainlab.draw import Curve, curves
from trainlab.explain.explanation import TITLES, Explanation, ShortAnswer
from trainlab.page.document import page_script
from trainlab.page.section import Section, Table
from trainlab.report import diagnosis_html, explanation_html, map_html, race_html, study_html
from trainlab.report.common import first_sentence


def drawn(title: str) -> Any:
    return curves([Curve(label="a", x=[0, 1], median=[1, 2])], x_label="x", y_label="y", title=title)


def explanation(question: str = "loss", **given: Any) -> Explanation:
    sections = (
        Section(name="first", heading="First", text=("Words.",), pictures=(drawn("Not yet"),)),
        Section(name="population", heading="Told", pictures=(drawn("Telling"), drawn("Other"))),
    )
    table = Table(title="A table", headers=("a",), rows=(("1",),))
    answer = ShortAnswer(sentence="It is 0.5 of <all>.", table=table)
    words = {
        "answer": answer,
        "verdict": "It is 0.5 of <all>. And more.",
        "numbers": {},
        "subject": "2-5-4-1",
        **given,
    }
    return Explanation(question=question, **({"sections": sections} | words))


PAGES: dict[str, Callable[[], str]] = {
    "study": lambda: study_html(result()),
    "race": lambda: race_html(networks_race()),
    "map": lambda: map_html(made_map()),
    "diagnosis": lambda: diagnosis_html(report(finding("lr_too_high", picture=BARS))),
    "explanation": lambda: explanation_html(explanation()),
}


@pytest.fixture(params=PAGES, scope="module")
def page(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]()


def test_title_answer_picture_links_and_sections_come_in_this_order(page: str) -> None:
    marks = ["<h1>", 'id="answer"', 'class="say"', 'class="show"', "<svg", "<nav", "<h2"]
    assert all(page.count(mark) for mark in marks)
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_policy_forbids_every_request_and_every_script_but_the_one(page: str) -> None:
    reader = PageReader(page)
    (policy,) = [
        found["content"] or ""
        for tag, found in reader.tags
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy"
    ]
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src 'sha256-{digest}'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    # It stands before all that it has to hold down.
    assert page.index("Content-Security-Policy") < page.index("<style")
    assert not any(name.startswith("on") for _, found in reader.tags for name in found)


def test_the_script_is_small_and_asks_nobody() -> None:
    script = page_script()
    assert len(script) < 8_000
    assert not re.search(r"fetch|XMLHttp|import\(|://|eval|innerHTML|Storage|cookie", script)
    assert "</script" not in script


def test_every_question_has_a_title_that_is_one() -> None:
    assert list(TITLES) == ["neuron", "learning-rate", "init", "loss", "chain-rule"]
    assert all(re.fullmatch(r"(What|How) (is|are) [a-z ]+\?", title) for title in TITLES.values())
    page = explanation_html(explanation("chain-rule"))
    assert "<h1>What is the chain rule?</h1>" in page
    assert "Shown on 2-5-4-1" in page
    assert "Shown on" not in explanation_html(explanation(subject=""))


def test_the_telling_picture_of_an_explanation_is_moved_to_the_top_and_its_section_says_so() -> None:
    front, rest = explanation_html(explanation()).split("<nav")
    assert "Telling" in front
    assert '<p class="question">It is 0.5 of &lt;all&gt;.</p>' in front
    assert "And more." in front
    assert "Telling" not in rest
    assert "Not yet" in rest
    assert rest.count('href="#answer"') == 1
    # Without the section meant for it, the first picture that there is.
    front, _ = explanation_html(explanation("init")).split("<nav")
    assert "Not yet" in front
    none = explanation_html(explanation(sections=(Section(name="a", heading="A", text=("Words.",)),)))
    assert 'class="front alone"' in none


def test_a_diagnosis_without_a_picture_has_its_words_alone() -> None:
    plain = diagnosis_html(report(finding("wrong_loss", picture=None)).to_dict() | {"picture": None})
    assert 'class="front alone"' in plain
    assert 'class="show"' in diagnosis_html(report(finding("wrong_loss", picture=CHAIN)))


@pytest.mark.parametrize(
    ("words", "first", "rest"),
    [
        ("One. Two. Three.", "One.", "Two. Three."),
        ("Only 0.5 of it.", "Only 0.5 of it.", ""),
        ("", "", ""),
    ],
)
def test_first_sentences(words: str, first: str, rest: str) -> None:
    assert first_sentence(words) == (first, rest)


@pytest.mark.parametrize(
    ("name", "words", "first"),
    [
        (
            "St. Louis",
            'It always answers "St. Louis" here. More.',
            'It always answers "St. Louis" here.',
        ),
        ("0. 01", "0. 01 helps A. 0. 02 hurts.", "0. 01 helps A."),
        ("St.", "St. helps A. More.", "St. helps A."),
        ("St.", "It helps St. Louis by 0.5. More.", "It helps St. Louis by 0.5."),
    ],
)
def test_a_full_stop_in_a_name_ends_no_sentence(name: str, words: str, first: str) -> None:
    found, rest = first_sentence(words, [name, "Louis"])
    assert found == first
    assert f"{found} {rest}" == words
