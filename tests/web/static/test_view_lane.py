"""A view's lane: what is asked and when, and whether what is shown is of the question before."""

from __future__ import annotations

from typing import Any

import pytest
from chromium import OpenTab, needs_chromium
from playwright.sync_api import Page

from trainlab.web.bundle import bundle

pytestmark = [needs_chromium, pytest.mark.process]

SETUP = """() => {
  window.asked = [];
  window.give = () => {};
  const lab = {
    ask: (lane, question) => asked.push(question),
    cancel: (lane) => asked.push(`no more of ${lane}`),
    listen: (lane, take) => (window.give = take),
  };
  window.lane = openViewLane(lab, "rates", { body: element("div"), take() {} });
}"""


@pytest.fixture
def page(open_tab: OpenTab) -> Page:
    page = open_tab("about:blank").page
    page.add_script_tag(content=bundle("view_lane"))
    page.evaluate(SETUP)
    return page


def asked(page: Page, *questions: object, wait: int = 0) -> Any:
    """Ask, and return all that was asked so far."""
    page.evaluate("([all, wait]) => all.forEach((each) => lane.ask(each, wait))", [questions, wait])
    return page.evaluate("asked")


def test_a_question_is_asked_once_but_after_an_error_again(page: Page):
    assert asked(page, 1, 1) == [1]
    page.evaluate("give({ kind: 'rates', sentence: 'Two.' }, {})")
    assert asked(page, 1) == [1]
    page.evaluate("give({ kind: 'error', message: 'It took too long.' }, {})")
    assert asked(page, 1) == [1, 1]


def test_who_waits_to_ask_gives_up_what_was_asked_before(page: Page):
    assert asked(page, 1) == [1]
    assert asked(page, 2, 3, wait=50) == [1, "no more of rates", "no more of rates"]
    assert page.evaluate("lane.node.className") == "stale"
    page.wait_for_function("asked.length === 4")
    assert page.evaluate("asked.at(-1)") == 3
