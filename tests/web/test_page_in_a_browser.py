"""The lab's page in a browser: numbers, links and controls, and what happens when the server goes."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import PHONE, OpenTab, Tab, Theme, needs_chromium
from playwright.sync_api import Locator, Page
from web.conftest import served
from web.experiments import xor

from trainlab import run
from trainlab.spec import Experiment
from trainlab.web.experiment_forms import lab_address
from trainlab.web.frames import decode

pytestmark = [needs_chromium, pytest.mark.process]

EXPERIMENT = Experiment.from_dict(xor())
SEEDS = 48
ANSWERED = "#answer[data-whole=true]"
"""The answer, once it is whole."""

OpenLab = Callable[..., tuple[Tab, list[dict[str, Any]]]]


@pytest.fixture
def open_lab(open_tab: OpenTab, lab_address_of_server: str) -> OpenLab:
    """Open the page at an experiment; returns the tab, and the answers that came for it so far."""

    def opened(experiment: Experiment = EXPERIMENT, *, seed: int = 0, **how: Any) -> Any:
        tab = open_tab("about:blank", **how)
        answers = heard(tab.page)
        tab.page.goto(lab_address_of_server.rstrip("/") + lab_address(experiment, seed=seed, seeds=SEEDS))
        tab.page.wait_for_selector(ANSWERED)
        return tab, answers

    return opened


def heard(page: Page) -> list[dict[str, Any]]:
    """Return a list that gets each frame of a population that the page is sent: header and arrays in one."""
    answers: list[dict[str, Any]] = []

    def take(message: str | bytes) -> None:
        header, arrays = decode(message if isinstance(message, bytes) else message.encode())
        if header["kind"] == "population":
            answers.append({**header, **{name: values.copy() for name, values in arrays.items()}})

    page.on("websocket", lambda socket: socket.on("framereceived", take))
    return answers


def headline(tab: Tab) -> str:
    return tab.page.locator("#answer .headline").inner_text()


def test_its_numbers_are_those_of_a_run_and_a_link_gives_them_again(open_lab: OpenLab):
    cell = run(EXPERIMENT, seeds=SEEDS).cells[0]
    first, answers = open_lab(seed=3)
    assert headline(first).startswith(f"{cell.solved.k} of {SEEDS} seeds solve it")
    np.testing.assert_array_equal(answers[-1]["loss"], cell.runs.loss)
    np.testing.assert_array_equal(answers[-1]["solved"], cell.runs.solved)
    again, others = open_lab(seed=3)
    again.page.goto(first.page.url)
    again.page.wait_for_selector(ANSWERED)
    assert headline(again) == headline(first)
    assert others[-1]["loss"].tobytes() == answers[-1]["loss"].tobytes()
    assert first.said == again.said == []


def test_a_knob_is_turned_by_keyboard_and_back_undoes_it(open_lab: OpenLab):
    tab, answers = open_lab()
    page, before = tab.page, headline(tab)
    page.get_by_label("epochs", exact=True).fill("1")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(words) => document.querySelector('#answer .headline').innerText !== words", arg=before
    )
    page.wait_for_selector(ANSWERED)
    assert re.search(r"%22epochs%22%3A1(%2C|%7D)", page.url)
    assert answers[-1]["steps"] == 1
    page.go_back()
    page.wait_for_function(
        "(words) => document.querySelector('#answer .headline').innerText === words", arg=before
    )
    assert page.get_by_label("epochs", exact=True).input_value() == "150"


def test_seeds_are_chosen_by_keyboard_and_told_in_words(open_lab: OpenLab):
    tab, answers = open_lab()
    picker = tab.page.get_by_role("slider", name="Seed", exact=True)
    picker.focus()
    tab.page.keyboard.press("ArrowRight")
    assert picker.get_attribute("aria-valuenow") == "1"
    tab.page.keyboard.press("End")
    last = SEEDS - 1
    assert picker.get_attribute("aria-valuenow") == str(last)
    words = picker.get_attribute("aria-valuetext") or ""
    assert words.startswith(f"Seed {last}: {'solved' if answers[-1]['solved'][last] else 'not solved'}")
    failed = np.flatnonzero(answers[-1]["solved"] == 0)
    tab.page.get_by_role("button", name="Next that failed").click()
    assert picker.get_attribute("aria-valuenow") == str(failed[0])


def test_what_is_wrong_is_said_at_its_control_and_put_right(open_lab: OpenLab):
    tab, _ = open_lab()
    rate = tab.page.get_by_label("lr", exact=True)
    rate.fill("fast")
    rate.press("Enter")
    tab.page.wait_for_selector(".field.wrong")
    assert rate.get_attribute("aria-invalid") == "true"
    assert "'fast'" in headline(tab)
    rate.fill("0.05")
    rate.press("Enter")
    tab.page.wait_for_selector(ANSWERED)
    assert tab.page.locator(".field.wrong").count() == 0


def test_every_control_is_named_and_asks_anew_when_changed(open_lab: OpenLab):
    tab, _ = open_lab()
    page = tab.page
    page.get_by_text("More: what counts as solved").click()
    controls = page.locator(".build .field").locator("input, select")
    assert controls.count() > 40
    for place in range(controls.count()):
        control = controls.nth(place)
        name = control.evaluate(NAME_OF)
        assert name, control.evaluate("(node) => node.outerHTML")
        before = page.url
        change(control)
        page.wait_for_function("(url) => location.href !== url", arg=before)
        page.go_back()
        page.wait_for_url(before)
        controls = page.locator(".build .field").locator("input, select")


def change(control: Locator) -> None:
    """Change what a control says by the keyboard alone."""
    control.focus()
    kind = control.evaluate("(node) => node.type")
    if kind == "checkbox":
        control.press("Space")
    elif kind == "range":
        control.press("ArrowLeft" if control.input_value() != "0" else "ArrowRight")
    elif kind == "select-one":
        control.press("ArrowUp" if control.evaluate("(node) => node.selectedIndex > 0") else "ArrowDown")
    else:
        control.fill("1" if control.input_value() != "1" else "2")
        control.press("Enter")


NAME_OF = """(node) => node.getAttribute("aria-label")
  ?? document.querySelector(`label[for="${node.id}"]`)?.textContent"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 1280])
def test_axe_finds_nothing_amiss(open_lab: OpenLab, theme: Theme, width: int):
    tab, _ = open_lab(theme=theme, width=width)
    tab.page.wait_for_selector("#run:not(.stale) canvas")
    for view in tab.page.get_by_role("tab").all():
        view.click()
        tab.page.wait_for_timeout(500)
        found = Axe().run(tab.page)
        assert found.violations_count == 0, f"{view.inner_text()}: {found.generate_report()}"
    assert tab.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert tab.said == []


def test_another_task_has_network_and_goal_follow(open_lab: OpenLab):
    tab, answers = open_lab()
    task = tab.page.get_by_label("data", exact=True)
    task.select_option("blobs")
    tab.page.wait_for_function("() => location.hash.includes('blobs')")
    tab.page.wait_for_selector(ANSWERED)
    assert tab.page.get_by_label("widths", exact=True).input_value() == "2-3-3"
    told = tab.page.locator(".build [role=status]").all_inner_texts()
    assert any("follows the data: 2-3-3. Solved now means 95 % of the classes right" in each for each in told)
    task.select_option("xor")
    tab.page.wait_for_function("() => location.hash.includes('2%2C3%2C1')")
    tab.page.wait_for_selector(ANSWERED)
    assert "solved" not in tab.page.url
    assert answers[-1]["solved_is"].endswith("less than 0.1 from its target.")


def test_an_error_hides_what_belongs_to_an_older_answer(open_lab: OpenLab):
    tab, _ = open_lab()
    widths = tab.page.get_by_label("widths", exact=True)
    widths.fill("")
    widths.press("Enter")
    tab.page.wait_for_selector("#answer.refused")
    assert not tab.page.get_by_role("slider", name="Seed", exact=True).is_visible()
    widths.fill("2-4-1")
    widths.press("Enter")
    tab.page.wait_for_selector("#answer:not(.refused)")
    assert tab.page.get_by_role("slider", name="Seed", exact=True).is_visible()
    assert tab.said == []


def test_a_chart_is_read_on_a_phone_and_the_bar_is_no_taller_on_a_wide_screen(open_lab: OpenLab):
    phone, _ = open_lab(width=PHONE)
    fan = phone.page.locator("#answer .fan")
    box = fan.bounding_box()
    assert box is not None
    for label in fan.locator("text").all():
        assert label.evaluate(SEEN_SIZE) > 10
        place = label.bounding_box()
        assert place is not None
        assert box["x"] <= place["x"]
        assert place["x"] + place["width"] <= box["x"] + box["width"]
    wide, _ = open_lab(width=1920)
    bar = wide.page.locator("#answer .share").bounding_box()
    assert bar is not None
    assert bar["height"] < 30


SEEN_SIZE = "(text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a"


def test_two_visitors_at_once_get_their_own_answers(open_lab: OpenLab):
    other = Experiment.from_dict(xor(epochs=20))
    one, its = open_lab()
    two, others = open_lab(other)
    assert its[-1]["steps"] == 150
    assert others[-1]["steps"] == 20
    assert headline(one) != headline(two)


def test_a_server_that_goes_and_comes_back_is_told_and_goes_on(open_tab: OpenTab):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with served(port=port) as (address, _):
        tab = open_tab(address.rstrip("/") + lab_address(EXPERIMENT, seeds=SEEDS))
        page = tab.page
        page.wait_for_selector(ANSWERED)
        before = headline(tab)
    status = page.locator(".top .status")
    page.wait_for_function("document.querySelector('.top .status').textContent.includes('Trying again')")
    assert status.get_attribute("role") == "status"
    page.get_by_label("epochs", exact=True).fill("20")
    page.keyboard.press("Enter")
    with served(port=port):
        page.wait_for_function(
            "(words) => !document.querySelector('.top .status').textContent"
            " && document.querySelector('#answer .headline').innerText !== words",
            arg=before,
            timeout=60_000,
        )
        page.wait_for_selector(ANSWERED)


def test_nothing_is_asked_of_any_other_address(open_lab: OpenLab, lab_address_of_server: str):
    tab, _ = open_lab()
    assert tab.requests
    assert all(url.startswith((lab_address_of_server, "about:")) for url in tab.requests)
