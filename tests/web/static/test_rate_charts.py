"""Axes of the page's charts, and what a click or a dragged handle means in fields of the experiment."""

from __future__ import annotations

import pytest
from chromium import OpenTab, needs_chromium
from playwright.sync_api import Page

from trainlab.web.without_server import bundle

pytestmark = [needs_chromium, pytest.mark.process]


@pytest.fixture
def page(open_tab: OpenTab) -> Page:
    tab = open_tab("about:blank")
    tab.page.add_script_tag(content=bundle("rates_view"))
    return tab.page


def test_a_place_is_that_of_its_value_and_back(page: Page):
    scale = "chartScale({ low: 1e-4, high: 10, from: 50, to: 300, log: true })"
    assert page.evaluate(f"[1e-4, 10, 1e-9, 99, 0, Infinity].map({scale}.place)") == [
        50,
        300,
        50,
        300,
        50,
        300,
    ]
    assert page.evaluate(f"{scale}.place(Math.sqrt(1e-4 * 10))") == pytest.approx(175)
    assert page.evaluate(f"{scale}.value({scale}.place(0.02))") == pytest.approx(0.02)
    upwards = "chartScale({ low: 0, high: 4, from: 200, to: 0 })"
    assert page.evaluate(f"[0, 1, 4, NaN].map({upwards}.place)") == [200, 150, 0, 0]


def test_ticks_are_round_and_few(page: Page):
    ticks = "([low, high, log]) => chartScale({ low, high, from: 0, to: 1, log }).ticks"
    assert page.evaluate(ticks, [0, 2001, False]) == [0, 1000, 2000]
    assert page.evaluate(ticks, [0, 0.022, False]) == [0, 0.01, 0.02]
    assert page.evaluate(ticks, [1e-4, 10, True]) == [1e-4, 1e-3, 0.01, 0.1, 1, 10]


@pytest.mark.parametrize(("clicked", "rate"), [(0.0234, 0.023), (1.04e-5, 1e-5), (0.0996, 0.1), (7, 7)])
def test_a_click_takes_a_rate_that_can_be_typed(page: Page, clicked: float, rate: float):
    assert page.evaluate("rate => tidyRate(rate)", clicked) == rate


def test_a_milestone_is_not_dragged_past_its_neighbours(page: Page):
    move = "([place, epoch]) => movedMilestones([100, 200, 300], place, epoch)"
    assert page.evaluate(move, [1, 250]) == [100, 250, 300]
    assert page.evaluate(move, [1, 900]) == [100, 299, 300]
    assert page.evaluate(move, [1, 5]) == [100, 101, 300]
    assert page.evaluate(move, [0, -5]) == [1, 200, 300]
    assert page.evaluate(move, [2, 900]) == [100, 200, 900]
