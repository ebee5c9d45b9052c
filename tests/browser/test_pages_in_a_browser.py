"""Pages as people see them: measured, clicked and typed into, in headless Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import Tab, browser, executable
from diagnosis.report.test_show import finding, report
from report.study.small_study import result
from report.test_diagnosis_page import BARS

from trainlab.draw import html_table
from trainlab.page.document import Front, page, paragraph
from trainlab.report import diagnosis_html, study_html

pytestmark = pytest.mark.skipif(
    executable() is None, reason="no Chromium here; on Debian: apt-get install chromium"
)

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
def tab() -> Iterator[Tab]:
    with browser(executable() or "") as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
    return folder


def column(tab: Tab, place: int) -> list[str]:
    rows = tab.run(
        "[...document.querySelector('table').tBodies[0].rows].filter((row) => !row.hidden)"
        f".map((row) => row.cells[{place}].textContent)"
    )
    return list(rows)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["study", "diagnosis"])
def test_the_answers_picture_is_seen_at_once_on_a_screen(tab: Tab, pages: Path, name: str, theme: Any):
    tab.open(pages / f"{name}.html", width=1280, theme=theme)
    seen = tab.run(SIZES)
    assert seen["first"][0] < 450
    assert seen["first"][1] <= 900
    assert seen["overflow"] <= 0
    assert seen["cut"] == []
    assert seen["background"] == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[theme]
    assert tab.said == []


@pytest.mark.parametrize("name", ["study", "diagnosis"])
def test_a_phone_shows_all_of_it_and_its_labels_can_be_read(tab: Tab, pages: Path, name: str):
    tab.open(pages / f"{name}.html", width=390)
    seen = tab.run(SIZES)
    assert seen["first"][0] < 844
    assert seen["smallest"] >= 10
    assert seen["overflow"] <= 0
    assert seen["cut"] == []


def test_nothing_is_asked_for_and_nothing_could_be(tab: Tab, pages: Path):
    tab.open(pages / "study.html")
    assert [url for url in tab.requests if not url.startswith("file:")] == []
    refused = tab.run(
        """new Promise((resolve) => {
          document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
          document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }));
          setTimeout(() => resolve("allowed"), 3000);
        })"""
    )
    assert refused == "img-src"
    refused = tab.run("fetch('http://127.0.0.1:9/').then(() => 'allowed', () => 'refused')")
    assert refused == "refused"


def test_a_click_on_a_header_sorts_by_numbers_as_people_write_them(tab: Tab, pages: Path):
    tab.open(pages / "tables.html")
    given = column(tab, 0)
    sort = "document.querySelectorAll('th button')[1].click()"
    tab.run(sort)
    shares = column(tab, 1)
    assert shares[:2] == ["<1", "12 (9–15)"]
    assert shares[-2:] == [">99", "–"]
    assert tab.run("document.querySelectorAll('th')[1].ariaSort") == "ascending"
    tab.run(sort)
    assert column(tab, 1)[0] == ">99"
    assert column(tab, 1)[-1] == "–"
    assert tab.run("document.querySelectorAll('th')[1].ariaSort") == "descending"
    tab.run(sort)
    assert column(tab, 0) == given
    tab.run("document.querySelectorAll('th button')[2].click()")
    assert column(tab, 2)[:3] == ["−3.5", "10⁻⁵", "0.25"]
    assert column(tab, 2)[-1] == "2,001"
    tab.run("document.querySelectorAll('th button')[0].click()")
    assert column(tab, 0)[:3] == ["2-2-1", "2-5-4-1", "2-11-1"]


def test_a_header_is_sorted_by_from_the_keyboard(tab: Tab, pages: Path):
    tab.open(pages / "tables.html")
    tab.run("document.querySelectorAll('th button')[2].focus()")
    tab.press("Enter", 13)
    assert column(tab, 2)[0] == "−3.5"


def test_words_filter_rows_and_are_highlighted(tab: Tab, pages: Path):
    tab.open(pages / "tables.html")
    tab.run("document.querySelector('.filter input').focus()")
    for letter in "more 57":
        tab.press(letter, ord(letter.upper()))
    assert column(tab, 0) == ["more 7"]
    assert tab.run("document.querySelector('.filter [role=status]').textContent") == "1 of 24"
    assert tab.run("[...document.querySelectorAll('mark')].map((mark) => mark.textContent)")[0] == "more"
    tab.run(
        "{const input = document.querySelector('.filter input'); input.value = '';"
        "input.dispatchEvent(new Event('input'))}"
    )
    assert len(column(tab, 0)) == 24
    assert tab.run("document.querySelectorAll('mark').length") == 0


def test_what_is_too_wide_says_so_and_scrolls_by_keyboard(tab: Tab, pages: Path):
    tab.open(pages / "tables.html", width=390)
    told = tab.run(
        """[...document.querySelectorAll(".tl-scroll")].map((box) =>
          [box.scrollWidth > box.clientWidth, getComputedStyle(box, "::before").content, box.tabIndex])"""
    )
    wide = told[1]
    assert wide[0] is True
    assert "scroll sideways" in wide[1]
    assert wide[2] == 0
    assert told[0][1] == "none"


def test_without_its_script_the_page_still_has_every_row(tab: Tab, pages: Path):
    tab.open(pages / "tables.html", script=False)
    text = tab.run("document.querySelector('main').innerText")
    assert all(str(row[0]) in text for row in ROWS)
    assert tab.run("document.querySelectorAll('button').length") == 0
    tab.open(pages / "tables.html")
    assert json.loads(tab.run("JSON.stringify([...document.querySelectorAll('th button')].length)")) > 0
