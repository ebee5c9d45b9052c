"""The link to the server: how long it waits before it tries again."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from chromium import OpenTab, needs_chromium

from trainlab.web.bundle import bundle
from trainlab.web.errors_as_frames import error_frame
from trainlab.web.frames import Frame, encode

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
