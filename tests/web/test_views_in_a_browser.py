"""Compare, map and course in a browser: their numbers are the server's, by mouse and by keyboard alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import PHONE, OpenTab, Tab, Theme, needs_chromium
from playwright.sync_api import expect
from web.experiments import sent, xor

from trainlab.spec import Experiment
from trainlab.web.answers.compare import answer_compare
from trainlab.web.answers.plane import answer_plane
from trainlab.web.answers.population import answer_population
from trainlab.web.course import answer_exercise, course
from trainlab.web.experiment_forms import page_form
from trainlab.web.questions import Axis, Compare, Limits, Plane, Population
from trainlab.web.questions import Exercise as ExerciseQuestion

pytestmark = [needs_chromium, pytest.mark.process]

A = json.loads(json.dumps(page_form(Experiment.from_dict(xor()))))
B = json.loads(json.dumps(page_form(Experiment.from_dict(xor(epochs=40)))))
SEEDS = 48

OpenState = Callable[..., Tab]


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """Answers come late where other tests compile."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def open_state(open_tab: OpenTab, lab_address_of_server: str) -> OpenState:
    """Open the page at a state, and wait for its answer, hidden as it may be."""

    def opened(how: dict[str, Any] | None = None, **state: Any) -> Tab:
        told = quote(json.dumps({"a": A, "seeds": SEEDS, **state}))
        tab = open_tab(f"{lab_address_of_server.rstrip('/')}/#{told}", **(how or {}))
        tab.page.wait_for_selector("[role=tab]")
        return tab

    return opened


def state_of(tab: Tab) -> dict[str, Any]:
    return json.loads(unquote(tab.page.url.split("#")[1]))


def compared() -> tuple[dict[str, Any], dict[str, Any]]:
    return sent(answer_compare(Compare(a=A, b=B, seeds=SEEDS), Limits()))[-1]


def test_a_change_is_compared_from_the_controls_on(open_state: OpenState):
    tab = open_state()
    page, view = tab.page, tab.page.locator("#view-compare")
    page.get_by_role("button", name="Keep this as A, change B").first.click()
    expect(view).to_contain_text("B is the same as A so far")
    page.get_by_label("epochs", exact=True).fill("40")
    page.keyboard.press("Enter")
    header, arrays = compared()
    expect(view.locator(".claim")).to_have_text(header["sentence"])
    expect(view).to_contain_text(header["changes"][0]["words"])
    for side in "ab":
        expect(view).to_contain_text(header[side]["sentence"])
    lost = view.get_by_role("group", name="Lost: only A solves them").get_by_role("button")
    assert lost.all_inner_texts() == [f"{seed:.0f}" for seed in arrays["lost"]]
    lost.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert state_of(tab)["seed"] == arrays["lost"][1]
    assert state_of(tab)["side"] == "b"
    page.get_by_role("button", name="On A").click()
    assert (state_of(tab)["a"], state_of(tab)["b"]) == (A, B)
    expect(view.locator(".claim")).to_have_text(header["sentence"])
    page.get_by_role("button", name="Stop").click()
    assert "b" not in state_of(tab)
    assert tab.said == []


def test_two_things_that_differ_are_told(open_state: OpenState):
    other = page_form(Experiment.from_dict(xor(epochs=40, loss="l1")))
    tab = open_state(b=other)
    says = tab.page.locator("#view-compare .says")
    expect(says).to_contain_text("Two things differ")
    assert says.locator("li").count() == 2


def test_the_map_has_the_plane_s_counts_and_a_cell_goes_there(open_state: OpenState):
    tab = open_state(view="map", plane={"x": "optimizer.lr", "y": "epochs", "cells": 5})
    page = tab.page
    cells = page.get_by_role("gridcell")
    unknown = page.locator(".plane [aria-label*='not known yet']")
    expect(unknown).to_have_count(0)
    labels = [label for each in cells.all() if (label := each.get_attribute("aria-label"))]
    assert len(labels) == 25
    here = page.locator(".plane [aria-current=location]")
    words = here.get_attribute("aria-label") or ""
    axes = {"x": Axis(path="optimizer.lr", values=(0.05,)), "y": Axis(path="epochs", values=(150,))}
    _, arrays = sent(answer_plane(Plane(experiment=A, **axes, cells=((0, 0),), seeds=32), Limits()))[-1]
    assert words == f"optimizer lr 0.05, epochs 150, where you are: {arrays['k'][0]} of 32 seeds solve it"
    here.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    there = state_of(tab)["a"]
    assert there["optimizer"]["lr"] > 0.05
    assert there["epochs"] < 150
    expect(here).to_be_focused()
    assert tab.said == []


def test_a_guess_comes_before_the_answer_of_an_exercise(open_state: OpenState):
    tab = open_state(view="course")
    page, view, answer = tab.page, tab.page.locator("#view-course"), tab.page.locator("#answer")
    expect(answer).to_be_visible()
    view.get_by_role("button", name="Begin").click()
    expect(view).to_contain_text(course()[0].text)
    expect(answer).to_be_hidden()
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#view-compare .claim")).to_be_hidden()
    page.get_by_role("button", name="Go to the exercise").click()
    view.get_by_role("button", name="B solves fewer seeds").click()
    truth, _ = sent(answer_exercise(ExerciseQuestion(number=1), Limits()))[-1]
    expect(view.locator(".result")).to_contain_text(truth["sentence"])
    expect(view.locator(".result")).to_contain_text(course()[0].because)
    assert truth["right"] == 0
    expect(view).to_contain_text("0 of 1 guessed right, 9 to go.")
    expect(answer).to_be_visible()
    view.get_by_role("button", name="Next").click()
    expect(view.get_by_role("heading", name=course()[1].title)).to_be_focused()
    expect(answer).to_be_hidden()
    view.get_by_role("button", name="B solves more seeds").click()
    expect(view).to_contain_text("1 of 2 guessed right, 8 to go.")
    expect(view.locator(".result")).to_be_focused()
    view.get_by_role("button", name="Exercise 1:").click()
    page.reload()
    expect(view).to_contain_text("1 of 2 guessed right, 8 to go.")
    expect(view.locator(".result")).to_contain_text(truth["sentence"])
    view.get_by_role("button", name="Start again").click()
    expect(view.get_by_role("button", name="B solves fewer seeds")).to_be_visible()
    assert tab.said == []


def test_a_guessed_number_is_told_how_far_off_it_is(open_state: OpenState):
    tab = open_state(guess=True)
    page, answer = tab.page, tab.page.locator("#answer")
    expect(answer).to_be_hidden()
    button = page.get_by_role("button", name="That's my guess")
    expect(button).to_be_disabled()
    page.get_by_role("slider", name=f"How many of {SEEDS} seeds solve it").press("Home")
    button.click()
    truth, _ = sent(answer_population(Population(experiment=A, seeds=SEEDS), Limits()))[-1]
    expect(answer).to_be_visible()
    expect(answer).to_contain_text(truth["sentence"])
    off = f"{100 * truth['k'] / SEEDS:.0f} points off."
    expect(page.get_by_label("Guess first", exact=True)).to_be_focused()
    expect(page.get_by_label("Guess first", exact=True)).to_contain_text(
        f"You guessed 0 of {SEEDS}; it is {truth['k']}: {off}"
    )
    page.get_by_label("epochs", exact=True).fill("40")
    page.keyboard.press("Enter")
    expect(answer).to_be_hidden()
    rate = page.get_by_label("lr", exact=True)
    rate.fill("fast")
    rate.press("Enter")
    expect(answer).to_contain_text("'fast': must be a number")
    rate.fill("0.05")
    rate.press("Enter")
    expect(answer).to_be_hidden()
    page.get_by_role("button", name="Guess first").click()
    expect(answer).to_be_visible()
    page.go_back()
    page.get_by_label("epochs", exact=True).fill("150")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Guess first", exact=True)).to_contain_text(f"{truth['k']}: {off}")
    expect(page.get_by_label("Guess first", exact=True)).not_to_contain_text("guesses")


def test_while_a_guess_is_open_no_view_gives_the_answer_away(open_state: OpenState):
    tab = open_state(guess=True, view="take-away", form="json")
    page = tab.page
    expect(page.locator("#view-take-away .code")).to_contain_text('"solved"')  # It is there, and hidden.
    names = ("compare", "map", "microscope", "rates", "take-away")
    for name in names:
        page.locator(f"#tab-{name}").click()
        view = page.locator(f"#view-{name}")
        expect(view.get_by_text("Guess first: this would give the answer away.")).to_be_visible()
        assert view.locator(":scope figure, :scope pre, :scope button, :scope canvas").count()
        expect(view.locator("figure:visible, pre:visible, .spoils:visible")).to_have_count(0)
    page.get_by_role("slider", name=f"How many of {SEEDS} seeds solve it").press("Home")
    page.get_by_role("button", name="That's my guess").click()
    for name in names:
        page.locator(f"#tab-{name}").click()
        expect(page.locator(f"#view-{name} .veil")).to_be_hidden()
    expect(page.locator("#view-take-away .code")).to_be_visible()
    assert tab.said == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 1280])
@pytest.mark.parametrize("view", ["compare", "map", "course"])
def test_axe_finds_nothing_amiss(open_state: OpenState, view: str, theme: Theme, width: int):
    tab = open_state({"theme": theme, "width": width}, b=B, view=view, exercise=6)
    tab.page.wait_for_selector("#answer:not(.stale) .headline:text-matches('solve')")
    tab.page.wait_for_timeout(1500)
    found = Axe().run(tab.page)
    assert found.violations_count == 0, found.generate_report()
    assert tab.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert tab.said == []
