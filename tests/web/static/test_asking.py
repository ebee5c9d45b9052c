"""The link to the server: how long it waits before it tries again."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from chromium import OpenTab, needs_chromium
from playwright.sync_api import Page

from trainlab.web.frames import Frame, encode, error_frame
from trainlab.web.without_server import bundle

pytestmark = [needs_chromium, pytest.mark.process]

FULL = encode(error_frame("This lab has 50 visitors."), id=None, lane=None)
ANSWER = encode(Frame(kind="population", fields={}), id=1, lane="answer")

PAUSES = """([frames, closings]) => {
  let socket = null, again = null;
  const pauses = [];
  class Socket extends EventTarget {
    static OPEN = 1;
    readyState = 1;
    constructor() { super(); socket = this; }
    send() {}
  }
  window.WebSocket = Socket;
  window.setTimeout = (connect, pause) => { pauses.push(pause); again = connect; };
  const link = openLink({ onFrame() {}, onStatus() {} });
  link.ask("answer", {});
  for (let count = 0; count < closings; count += 1) {
    socket.dispatchEvent(new Event("open"));
    for (const frame of frames) {
      const data = Uint8Array.from(atob(frame), (each) => each.charCodeAt(0)).buffer;
      socket.dispatchEvent(new MessageEvent("message", { data }));
    }
    socket.dispatchEvent(new CloseEvent("close", { code: 1013 }));
    again();
  }
  return pauses;
}"""


def pauses(open_tab: OpenTab, *frames: bytes) -> Any:
    tab = open_tab("about:blank")
    # A page of a server's, for the link makes its address of the page's.
    tab.page.route("http://lab.example/", lambda route: route.fulfill(body="", content_type="text/html"))
    tab.page.goto("http://lab.example/")
    tab.page.add_script_tag(content=bundle("link"))
    return tab.page.evaluate(PAUSES, [[base64.b64encode(each).decode() for each in frames], 6])


def test_a_full_lab_is_tried_more_and_more_seldom(open_tab: OpenTab):
    assert pauses(open_tab, FULL) == [500, 1000, 2000, 4000, 8000, 8000]


def test_a_lab_that_answers_is_tried_again_at_once(open_tab: OpenTab):
    assert pauses(open_tab, ANSWER) == [500] * 6


# A view's lane: what is asked and when, and whether what is shown is of the question before.


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
    page.add_script_tag(content=bundle("asking"))
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
