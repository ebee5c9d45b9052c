"""SVG and marks: text is escaped, and its width known."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from trainlab.draw.svg import clean, element, escape, fit, paint, short, text, text_width, tooltip, wrap

anything = st.text(st.characters(exclude_categories=()), max_size=40)


@given(anything)
def test_any_text_is_safe_as_content_and_as_attribute(words: str) -> None:
    markup = element("g", tooltip(words), text(0, 0, words), aria_label=words)
    parsed = ElementTree.fromstring(markup.encode())
    # XML reads line ends and, in attributes, white space in its own way.
    same = clean(words).replace("\r\n", "\n").replace("\r", "\n")
    assert (parsed[0].text or "") == same
    assert (parsed.get("aria-label") or "").split() == clean(words).split()


def test_escape_covers_both_quotes() -> None:
    assert escape("<b>\"&'") == "&lt;b&gt;&quot;&amp;&#x27;"


def test_control_characters_are_replaced_and_lone_surrogates_escaped() -> None:
    assert clean("a\x00\x1b\ud800\ufffeb\tc") == "a��\\ud800�b\tc"


def test_coordinates_are_short() -> None:
    assert [short(v) for v in (3.0, 2.25, -0.04, 0.05001, -12.96, 1e4)] == [
        "3",
        "2.2",
        "0",
        "0.1",
        "-13",
        "10000",
    ]


def test_paint_falls_back_to_the_light_theme() -> None:
    assert paint(fill="s1", stroke="none") == {
        "fill": "#0072B2",
        "stroke": "none",
        "style": "fill:var(--tl-s1,#0072B2)",
    }
    assert paint() == {}


@given(st.text(max_size=60), st.floats(20, 300))
def test_fit_is_no_wider_than_asked(words: str, width: float) -> None:
    assert text_width(fit(words, width)) <= width


def test_fit_leaves_short_text_alone_and_marks_cut_text() -> None:
    assert fit("Model 1", 100) == "Model 1"
    assert fit("Model 1 with a name that goes on", 60).endswith("…")


def test_wrap_keeps_every_word_where_it_can() -> None:
    lines = wrap("one two three four five six seven", 60)
    assert " ".join(lines) == "one two three four five six seven"
    assert all(text_width(line) <= 60 for line in lines)
    assert wrap("one two three four five", 40, lines=2)[-1].endswith("…")
    assert wrap("", 40) == []
