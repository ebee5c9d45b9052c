"""Pages as people see them: measured, clicked and typed into, in headless Chromium."""

from __future__ import annotations

from typing import Any

import pytest
from chromium import PHONE, OpenTab, Tab, needs_chromium
from diagnosis.report.test_show import finding, report
from report.study.small_study import result
from report.test_diagnosis_page import BARS

from trainlab.draw import html_table
from trainlab.page.document import Front, page, paragraph
from trainlab.report import diagnosis_html, study_html

pytestmark = [needs_chromium, pytest.mark.process]

SIZES = """(() => {
  const place = (node) => { const box = node.getBoundingClientRect(); return [box.top, box.bottom]; };
  const texts = [...document.querySelectorAll("svg text")].filter((text) =>
    text.getBoundingClientRect().width);
  const sizes = texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a);
  const scrolls = (node) => node && (["auto", "scroll"].includes(getComputedStyle(node).overflowX)
    || scrolls(node.parentElement));
  const wide = [...document.querySelectorAll("main *")].filter((node) =>
    node.getBoundingClientRect().right > innerWidth + 1 && !scrolls(node.parentElement));
  return {
    first: place(document.querySelector("svg")),
    smallest: Math.min(...sizes),
    overflow: document.documentElement.scrollWidth - innerWidth,
    cut: wide.map((node) => node.outerHTML.slice(0, 80)),
    background: getComputedStyle(document.body).backgroundColor,
  };
})()"""

ROWS = [
    ["2-5-4-1", "<1", 1e-5],
    ["2-11-1", "12 (9–15)", 0.25],
    ["2-2-1", ">99", 2001],
    ["none", "–", -3.5],
    *([f"more {at}", f"{50 + at}.5 %", 10 + at] for at in range(20)),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    table = html_table(["Name", "Share", "Number"], ROWS, caption="Rows")
    wide = html_table([f"a column of its own {at}" for at in range(20)], [["x"] * 20], caption="Wide")
    made = {
        "study": study_html(result()),
        "diagnosis": diagnosis_html(report(finding("lr_too_high", picture=BARS, where="opt " * 40))),
        "tables": page("Tables", Front(say=paragraph("Said.")), [("t", "T", table + wide)]),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in made}


def column(tab: Tab, place: int) -> list[str]:
    rows = tab.page.evaluate(
        "[...document.querySelector('table').tBodies[0].rows].filter((row) => !row.hidden)"
        f".map((row) => row.cells[{place}].textContent)"
    )
    return list(rows)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["study", "diagnosis"])
def test_the_answers_picture_is_seen_at_once_on_a_screen(
    open_tab: OpenTab, pages: dict[str, str], name: str, theme: Any
):
    tab = open_tab(pages[name], width=1280, theme=theme)
    seen = tab.page.evaluate(SIZES)
    assert seen["first"][0] < 450
    assert seen["first"][1] <= 900
    assert seen["overflow"] <= 0
    assert seen["cut"] == []
    assert seen["background"] == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[theme]
    assert tab.said == []


@pytest.mark.parametrize("name", ["study", "diagnosis"])
def test_a_phone_shows_all_of_it_and_its_labels_can_be_read(
    open_tab: OpenTab, pages: dict[str, str], name: str
):
    tab = open_tab(pages[name], width=PHONE)
    seen = tab.page.evaluate(SIZES)
    assert seen["first"][0] < 844
    assert seen["smallest"] >= 10
    assert seen["overflow"] <= 0
    assert seen["cut"] == []


def test_nothing_is_asked_for_and_nothing_could_be(open_tab: OpenTab, pages: dict[str, str]):
    tab = open_tab(pages["study"])
    assert [url for url in tab.requests if not url.startswith("file:")] == []
    refused = tab.page.evaluate(
        """new Promise((resolve) => {
          document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
          document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }));
          setTimeout(() => resolve("allowed"), 3000);
        })"""
    )
    assert refused == "img-src"
    refused = tab.page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'allowed', () => 'refused')")
    assert refused == "refused"


def test_a_click_on_a_header_sorts_by_numbers_as_people_write_them(open_tab: OpenTab, pages: dict[str, str]):
    tab = open_tab(pages["tables"])
    given = column(tab, 0)
    sort = "document.querySelectorAll('th button')[1].click()"
    tab.page.evaluate(sort)
    shares = column(tab, 1)
    assert shares[:2] == ["<1", "12 (9–15)"]
    assert shares[-2:] == [">99", "–"]
    assert tab.page.evaluate("document.querySelectorAll('th')[1].ariaSort") == "ascending"
    tab.page.evaluate(sort)
    assert column(tab, 1)[0] == ">99"
    assert column(tab, 1)[-1] == "–"
    assert tab.page.evaluate("document.querySelectorAll('th')[1].ariaSort") == "descending"
    tab.page.evaluate(sort)
    assert column(tab, 0) == given
    tab.page.evaluate("document.querySelectorAll('th button')[2].click()")
    assert column(tab, 2)[:3] == ["−3.5", "10⁻⁵", "0.25"]
    assert column(tab, 2)[-1] == "2,001"
    tab.page.evaluate("document.querySelectorAll('th button')[0].click()")
    assert column(tab, 0)[:3] == ["2-2-1", "2-5-4-1", "2-11-1"]


def test_a_header_is_sorted_by_from_the_keyboard(open_tab: OpenTab, pages: dict[str, str]):
    tab = open_tab(pages["tables"])
    tab.page.evaluate("document.querySelectorAll('th button')[2].focus()")
    tab.page.keyboard.press("Enter")
    assert column(tab, 2)[0] == "−3.5"


def test_words_filter_rows_and_are_highlighted(open_tab: OpenTab, pages: dict[str, str]):
    tab = open_tab(pages["tables"])
    tab.page.evaluate("document.querySelector('.filter input').focus()")
    tab.page.keyboard.type("more 57")
    assert column(tab, 0) == ["more 7"]
    assert tab.page.evaluate("document.querySelector('.filter [role=status]').textContent") == "1 of 24"
    assert (
        tab.page.evaluate("[...document.querySelectorAll('mark')].map((mark) => mark.textContent)")[0]
        == "more"
    )
    tab.page.locator(".filter input").fill("")
    assert len(column(tab, 0)) == 24
    assert tab.page.evaluate("document.querySelectorAll('mark').length") == 0


def test_what_is_too_wide_says_so_and_scrolls_by_keyboard(open_tab: OpenTab, pages: dict[str, str]):
    tab = open_tab(pages["tables"], width=PHONE)
    told = tab.page.evaluate(
        """[...document.querySelectorAll(".tl-scroll")].map((box) =>
          [box.scrollWidth > box.clientWidth, getComputedStyle(box, "::before").content, box.tabIndex])"""
    )
    wide = told[1]
    assert wide[0] is True
    assert "scroll sideways" in wide[1]
    assert wide[2] == 0
    assert told[0][1] == "none"


def test_without_its_script_the_page_still_has_every_row(open_tab: OpenTab, pages: dict[str, str]):
    tab = open_tab(pages["tables"], script=False)
    text = tab.page.locator("main").inner_text()
    assert all(str(row[0]) in text for row in ROWS)
    assert tab.page.locator("button").count() == 0
    tab = open_tab(pages["tables"])
    assert tab.page.locator("th button").count() > 0
