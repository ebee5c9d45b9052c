"""Sections on a page: facts beside their picture, code between backticks, all text escaped."""

from __future__ import annotations

from trainlab.page.section import Fact, Section, Table, section_html
from trainlab.page.sketch import Sketch

SHAPES = Sketch(
    {"kind": "shapes", "title": "Shapes", "boxes": [{"label": "x", "shape": [8], "wrong": False}]}
)


def test_a_fact_is_a_term_with_a_text_or_a_list():
    part = Section(
        name="a", heading="A", facts=(Fact("where", "at `f(x)` <b>"), Fact("seen", ("one", "`two`")))
    )
    assert section_html(part).strip() == (
        '<dl class="brief"><dt>Where</dt><dd>at <code>f(x)</code> &lt;b&gt;</dd>'
        "<dt>Seen</dt><dd><ul><li>one</li><li><code>two</code></li></ul></dd></dl>"
    )


def test_facts_stand_beside_a_picture_and_asides_come_last():
    table = Table(title="Numbers", headers=("a",), rows=((1,),))
    facts = (Fact("way", "again"),)
    part = Section(
        name="a", heading="A", facts=facts, sketches=(SHAPES,), tables=(table,), asides=("Small.",)
    )
    made = section_html(part)
    assert made.startswith('<div class="pair"><div><dl')
    assert made.count("<svg") == 1
    assert made.index("</svg>") < made.index("Numbers</caption>") < made.index('<p class="muted">Small.</p>')
    assert "pair" not in section_html(Section(name="a", heading="A", sketches=(SHAPES,)))


def test_short_answers_have_the_brief_facts():
    facts = (Fact("time", "1 s"), Fact("way", "again", brief=True))
    assert Section(name="a", heading="A", facts=facts).brief == facts[1:]


def test_a_sketch_is_drawn_and_told_in_lines():
    assert SHAPES.drawn().svg.startswith("<svg")
    assert SHAPES.lines(width=40, label="picture ") == ["picture Shapes:", "        x 8"]
