"""A lesson holds what it says, weighs what it may, and stands alone."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import numpy as np
import pytest
from chromium import OpenTab, needs_chromium
from web.experiments import xor

from trainlab import run
from trainlab.errors import SpecError
from trainlab.spec import Change, Edit, Experiment, Study
from trainlab.studies.maps.axis import Axis
from trainlab.web.frames import decode
from trainlab.web.lesson import Lesson, make_lesson, plane_content, study_content

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
