"""The modules of the page keep the habits by which they can be joined into one script."""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import OpenTab, needs_chromium
from web.experiments import xor

import trainlab
from trainlab import run
from trainlab.errors import SpecError, TrainlabError, lacking
from trainlab.spec import Change, Edit, Experiment, Study
from trainlab.studies.maps.question import Axis
from trainlab.web import without_server
from trainlab.web import without_server as bundle_module
from trainlab.web.frames import Frame, decode
from trainlab.web.without_server import (
    STATIC,
    Desk,
    Lesson,
    bundle,
    make_lesson,
    plane_content,
    study_content,
)

MODULES = sorted(path.stem for path in STATIC.glob("*.js"))
TOP = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


def source(name: str) -> str:
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")


def test_no_name_stands_at_the_top_of_two_modules():
    names = Counter(name for module in MODULES for name in TOP.findall(source(module)))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_about_and_can_be_joined(name: str):
    assert source(name).startswith("// ")
    joined = bundle(name)
    assert not re.search(r"^(import|export) ", joined, re.MULTILINE)


def test_what_is_imported_comes_first_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "one.js").write_text("// One.\nexport const one = 1;\n")
    (tmp_path / "two.js").write_text(
        '// Two.\nimport { one } from "./one.js";\nexport const two = 2 * one;\n'
    )
    (tmp_path / "all.js").write_text(
        '// All.\nimport { one } from "./one.js";\nimport {\n  two,\n} from "./two.js";\n'
        "const all = one + two;\n"
    )
    monkeypatch.setattr(bundle_module, "STATIC", tmp_path)
    assert re.findall(r"const (\w+)", bundle("all")) == ["one", "two", "all"]


def test_another_form_of_import_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "bad.js").write_text('// Bad.\nimport other from "./other.js";\n')
    monkeypatch.setattr(bundle_module, "STATIC", tmp_path)
    with pytest.raises(ValueError, match=r"bad\.js: .* can't be joined"):
        bundle("bad")


# A lesson holds what it says, weighs what it may, and stands alone.


SMALL = xor(epochs=40)
EXPERIMENT = Experiment.from_dict(SMALL)
STUDY = Study(
    title="Small </script> & exact",
    baseline=EXPERIMENT,
    changes=(Change(name="A", label="loss: MSE → L1", edits=(Edit(path="loss", value="l1"),)),),
    seeds=5,
)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return make_lesson(study_content(STUDY), seeds=6)


def held(lesson: Lesson) -> tuple[dict[str, Any], bytes]:
    """Return the index and the frames that stand in the page."""
    index, frames = (
        re.search(rf'id="lesson-{name}">(.*?)</script>', lesson.html, re.DOTALL)
        for name in ("index", "frames")
    )
    assert index is not None
    assert frames is not None
    return json.loads(index[1]), base64.b64decode(frames[1])


def frame_at(frames: bytes, place: list[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    first, size = place
    return decode(zlib.decompress(frames[first : first + size]))


@pytest.mark.trains
def test_answers_are_those_of_a_run(lesson: Lesson):
    index, frames = held(lesson)
    assert [cell["at"] for cell in index["cells"]] == [[0, 0], [0, 1]]
    for cell in index["cells"]:
        header, arrays = frame_at(frames, cell["answer"])
        runs = run(Experiment.from_dict(cell["experiment"]), seeds=6).cells[0].runs
        assert header["k"] == int(runs.solved.sum())
        assert header["seconds"] is None
        np.testing.assert_array_equal(arrays["loss"], runs.loss)


@pytest.mark.trains
def test_every_run_that_is_held_can_be_found(lesson: Lesson):
    index, frames = held(lesson)
    places = {seed: place for cell in index["cells"] for seed, place in cell["replays"].items()}
    assert sum(len(cell["replays"]) for cell in index["cells"]) == lesson.replays == 12
    for seed, place in places.items():
        header, arrays = frame_at(frames, place)
        assert header["seed"] == int(seed)
        assert arrays["steps"][0] == 0


@pytest.mark.trains
def test_only_its_own_script_may_run_and_nothing_is_asked_for(lesson: Lesson):
    assert lesson.size < 2_000_000
    assert "default-src 'none'; script-src 'sha256-" in lesson.html
    assert not re.search(r'(src|href)="(?!data:)', lesson.html.split("<script")[0])
    assert "Small &lt;/script&gt; &amp; exact" in lesson.html
    assert "Small \\u003c/script> & exact" in lesson.html


@pytest.mark.trains
def test_a_plane_has_a_knob_for_each_setting():
    axes = (
        Axis(field="epochs", log=False, values=(2, 4)),
        Axis(field="optimizer.lr", log=True, values=(0.01, 0.1)),
    )
    content = plane_content(EXPERIMENT, *axes, title="A plane")
    assert [(knob.label, knob.options) for knob in content.knobs] == [
        ("epochs", ("2", "4")),
        ("optimizer.lr", ("0.01", "0.1")),
    ]
    assert [cell.at for cell in content.cells] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [cell.experiment.epochs for cell in content.cells] == [2, 2, 4, 4]
    assert make_lesson(content, seeds=2).cells == 4


@pytest.mark.trains
def test_what_does_not_fit_is_refused_and_replays_are_left_out():
    content = study_content(STUDY)
    script = make_lesson(content, seeds=2, most_bytes=10_000_000)
    without = script.size - len(re.findall(r'id="lesson-frames">(.*?)<', script.html)[0])
    with pytest.raises(SpecError, match=r"2 cells: their answers on 2 seeds take .* at most"):
        make_lesson(content, seeds=2, most_bytes=without)
    fewer = make_lesson(content, seeds=2, most_bytes=script.size - 4_000)
    assert 0 <= fewer.replays < script.replays == 4


def test_a_study_on_several_splits_is_refused():
    rows = {**SMALL, "task": {"name": "circles", "points": 20}, "split": {"held_out": 0.5}}
    study = Study(baseline=Experiment.from_dict(rows), splits=2)
    with pytest.raises(SpecError, match="splits = 2: a lesson shows one split"):
        study_content(study)


@needs_chromium
@pytest.mark.process
def test_it_works_from_disk_without_a_server(lesson: Lesson, open_tab: OpenTab, tmp_path: Any):
    file = tmp_path / "lesson.html"
    file.write_text(lesson.html, encoding="utf-8")
    tab = open_tab(file.as_uri())
    page = tab.page
    page.wait_for_selector("#answer:not(.stale) .headline:text-matches('seeds solve it')")
    before = page.locator("#answer .headline").text_content()
    change = page.get_by_role("button", name="A: loss")
    change.click()
    page.wait_for_function("document.querySelector('#lab [aria-pressed=true]') !== null")
    assert "%22loss%22" in page.url
    page.go_back()
    page.wait_for_function(
        "(words) => document.querySelector('#answer .headline').textContent === words", arg=before
    )
    assert [address for address in tab.requests if not address.startswith("file:")] == []
    assert tab.said == []


@needs_chromium
@pytest.mark.process
def test_a_run_that_it_does_not_hold_is_said_in_its_place(open_tab: OpenTab, tmp_path: Any):
    content = study_content(STUDY)
    small = make_lesson(content, seeds=6, most_bytes=make_lesson(content, seeds=6).size - 30_000)
    index, _ = held(small)
    missing = next(seed for seed in range(6) if str(seed) not in index["cells"][0]["replays"])
    file = tmp_path / "lesson.html"
    file.write_text(small.html, encoding="utf-8")
    tab = open_tab(file.as_uri())
    picker = tab.page.get_by_role("slider", name="Seed", exact=True)
    tab.page.wait_for_selector("#answer:not(.stale) .headline:text-matches('seeds solve it')")
    for _ in range(missing):
        picker.press("ArrowRight")
    tab.page.wait_for_selector("#run p:text-matches('the lesson holds replays')")
    assert tab.page.locator("#run-title").inner_text() == f"One run: seed {missing}"
    assert tab.said == []


# The lab as a notebook's widget: what it is made of, and the desk that answers its questions.


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
    with pytest.raises(TrainlabError) as caught:
        trainlab.lab()
    assert str(caught.value) == lacking("lab", "anywidget", extra="notebook")


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

    monkeypatch.setattr(without_server, "answer", fails)
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

    monkeypatch.setattr(without_server, "answer", slow)
    sent = Sent()
    desk = Desk(sent)
    desk.ask(1, "answer", {**QUESTION, "first_seed": 1})
    assert began.wait(60)
    desk.ask(2, "answer", {**QUESTION, "first_seed": 2})
    go_on.set()
    told = [(each["first_seed"], each["number"]) for each in sent.wait(4)]
    assert told == [(1, 0), (2, 0), (2, 1), (2, 2)]
    desk.close()
