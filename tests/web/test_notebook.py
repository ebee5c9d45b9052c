"""The lab as a notebook's widget: what it is made of, and the desk that answers its questions."""

from __future__ import annotations

import base64
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from chromium import OpenTab, needs_chromium
from web.experiments import xor

import trainlab
from trainlab import run
from trainlab.errors import SpecError, TrainlabError
from trainlab.spec import Experiment
from trainlab.web import notebook
from trainlab.web.frames import Frame, decode
from trainlab.web.notebook import Desk

SMALL = xor(epochs=40)
QUESTION = {"ask": "population", "experiment": SMALL, "seeds": 8}


class Sent:
    """What a desk sent, and a wait for so many frames."""

    def __init__(self) -> None:
        self.headers: list[dict[str, Any]] = []
        self.also: Callable[[bytes], None] = lambda _: None
        self._came = threading.Condition()

    def __call__(self, frame: bytes) -> None:
        self.also(frame)
        with self._came:
            self.headers.append(decode(frame)[0])
            self._came.notify()

    def wait(self, count: int) -> list[dict[str, Any]]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.headers) >= count, timeout=60)
        return self.headers


def test_a_widget_begins_with_an_experiment_and_a_seed():
    pytest.importorskip("anywidget")
    widget = trainlab.lab(Experiment.from_dict(SMALL), seed=3, seeds=64)
    assert widget.address.startswith("#%7B%22a%22")
    assert "%22seed%22%3A3" in widget.address
    assert widget.offered["examples"]["networks"][0]["name"] == "Model 1"
    assert "export default { render: renderNotebook }" in widget._esm
    assert ":host{" in widget.look


@needs_chromium
@pytest.mark.process
def test_in_a_cell_it_is_the_page_and_leaves_what_is_around_it_alone(open_tab: OpenTab):
    widget: Any = trainlab.lab(Experiment.from_dict(SMALL), seed=1, seeds=16)
    page = open_tab("about:blank").page
    sent = Sent()
    desk = Desk(sent)
    frames: list[str] = []
    sent.also = lambda frame: frames.append(base64.b64encode(frame).decode())
    page.expose_function("ask", lambda told: desk.ask(told["id"], told["lane"], told["question"]))
    page.expose_function("answered", lambda: [frames.pop(0) for _ in range(len(frames))])
    page.set_content("<p id='around'>A notebook</p><div id='cell'></div>")
    look = page.locator("#around").evaluate("(node) => getComputedStyle(node).font")
    page.evaluate(
        CELL,
        {
            "script": widget._esm,
            "state": {each: getattr(widget, each) for each in ("offered", "look", "address")},
        },
    )
    page.wait_for_function(
        "() => document.querySelector('#cell').shadowRoot.querySelector('#answer')?.dataset.whole === 'true'"
    )
    solved = run(Experiment.from_dict(SMALL), seeds=16).cells[0].solved.k
    assert page.locator("#answer .headline").inner_text().startswith(f"{solved} of 16 seeds")
    assert page.get_by_text("Draw or paste your own").count() == 1
    assert page.get_by_label("budget", exact=True).count() == 1
    page.get_by_role("slider", name="Seed", exact=True).press("ArrowRight")
    assert "%22seed%22%3A2" in page.evaluate("() => model.get('address')")
    assert page.locator("#around").evaluate("(node) => getComputedStyle(node).font") == look
    desk.close()


CELL = """async ({ script, state }) => {
  const listeners = {};
  globalThis.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes() {},
    on: (name, listener) => { listeners[name] = listener; },
    off: (name) => { delete listeners[name]; },
    send(message) {
      if ("question" in message) { globalThis.view = message.view; ask(message); }
    },
  };
  const widget = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  widget.default.render({ model, el: document.querySelector("#cell") });
  setInterval(async () => {
    for (const frame of await answered()) {
      const bytes = Uint8Array.from(atob(frame), (letter) => letter.charCodeAt(0));
      listeners["msg:custom"]?.({ view }, [new DataView(bytes.buffer)]);
    }
  }, 50);
}"""
"""A notebook's cell: a model that passes questions on, and gets the answers by asking for them."""


def test_what_is_no_experiment_is_refused():
    with pytest.raises(SpecError, match="experiment is str, but must be an Experiment"):
        trainlab.lab("xor44")  # pyright: ignore[reportArgumentType]


def test_without_the_extra_a_line_names_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(TrainlabError, match=r"pip install 'trainlab\[notebook\]'"):
        trainlab.lab()


def test_a_desk_answers_as_the_server_does():
    sent = Sent()
    desk = Desk(sent)
    desk.ask(1, "answer", QUESTION)
    header = sent.wait(1)[-1]
    assert (header["id"], header["lane"], header["kind"]) == (1, "answer", "population")
    assert header["n"] == 8
    desk.ask(2, "answer", {"ask": "population", "experiment": {**SMALL, "loss": "mes"}})
    header = sent.wait(2)[-1]
    assert header["kind"] == "error"
    assert "'mes'" in header["message"]
    assert header["field"] == "loss"
    desk.ask(3, "answer", {**QUESTION, "seeds": 0})
    assert sent.wait(3)[-1]["message"].startswith("seeds = 0: must be a whole number")
    desk.close()


def test_a_desk_goes_on_after_an_error_that_nobody_foresaw(monkeypatch: pytest.MonkeyPatch):
    def fails(question: Any, limits: object) -> Any:
        raise MemoryError if question.first_seed else ZeroDivisionError

    monkeypatch.setattr(notebook, "answer", fails)
    sent = Sent()
    desk = Desk(sent)
    for number, words in enumerate(("ZeroDivisionError", "too little memory"), start=1):
        desk.ask(number, "answer", {**QUESTION, "first_seed": number - 1})
        header = sent.wait(number)[-1]
        assert header["kind"] == "error"
        assert words in header["message"]
    desk.close()


def test_a_newer_question_ends_an_older_one(monkeypatch: pytest.MonkeyPatch):
    began, go_on = threading.Event(), threading.Event()

    def slow(question: Any, limits: object) -> Any:
        for number in range(3):
            yield Frame(kind="population", fields={"first_seed": question.first_seed, "number": number})
            began.set()
            assert go_on.wait(60)

    monkeypatch.setattr(notebook, "answer", slow)
    sent = Sent()
    desk = Desk(sent)
    desk.ask(1, "answer", {**QUESTION, "first_seed": 1})
    assert began.wait(60)
    desk.ask(2, "answer", {**QUESTION, "first_seed": 2})
    go_on.set()
    told = [(each["first_seed"], each["number"]) for each in sent.wait(4)]
    assert told == [(1, 0), (2, 0), (2, 1), (2, 2)]
    desk.close()
