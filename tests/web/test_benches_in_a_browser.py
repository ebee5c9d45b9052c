"""More of the page in a browser: own points, budget, microscope, learning rates, what is taken away."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import pytest
from chromium import OpenTab, Tab, needs_chromium
from playwright.sync_api import Page, expect
from web.experiments import xor

from trainlab import run
from trainlab.report import cell_code
from trainlab.spec import Experiment
from trainlab.web.experiment_forms import lab_address

pytestmark = [needs_chromium, pytest.mark.process]

EXPERIMENT = Experiment.from_dict(xor())
SEEDS = 16
ANSWERED = "#answer:not(.stale) .headline:text-matches('seeds? solves? it:')"

expect.set_options(timeout=30_000)

OpenView = Callable[..., Tab]


@pytest.fixture
def open_view(open_tab: OpenTab, lab_address_of_server: str) -> OpenView:
    """Open the page at a view, with more of its state."""

    def opened(view: str = "compare", experiment: Experiment = EXPERIMENT, **more: Any) -> Tab:
        state = state_of(lab_address(experiment, seeds=SEEDS)) | {"view": view} | more
        tab = open_tab(f"{lab_address_of_server.rstrip('/')}/#{quote(json.dumps(state))}")
        tab.page.wait_for_selector(ANSWERED)
        return tab

    return opened


def state_of(address: str) -> dict[str, Any]:
    """Return the state that an address has."""
    return json.loads(unquote(address.split("#", 1)[1]))


def answered(page: Page, wanted: str) -> None:
    """Wait for an answer that begins like this."""
    expect(page.locator("#answer:not(.stale) .headline")).to_have_text(
        re.compile(f"^{wanted}"), timeout=60_000
    )


def test_points_drawn_by_keyboard_are_the_task_and_a_link_brings_them_back(open_view: OpenView):
    tab = open_view()
    page = tab.page
    page.get_by_text("Draw or paste your own").click()
    plane = page.locator(".points-plane")
    plane.focus()
    for keys in ("1", "ArrowRight", "0", "ArrowUp", "1", "ArrowUp", "0", "Delete"):
        page.keyboard.press(keys)
    task = {"name": "points", "inputs": [[0, 0], [0.1, 0], [0.1, 0.1]], "targets": [1, 0, 1]}
    cell = run(Experiment.from_dict(xor(task=task)), seeds=SEEDS).cells[0]
    answered(page, f"{cell.solved.k} of {SEEDS} seeds")
    assert state_of(page.url)["a"]["task"] == task
    expect(page.locator("#points-text")).to_have_value("0, 0, 1\n0.1, 0, 0\n0.1, 0.1, 1")
    page.reload()
    answered(page, f"{cell.solved.k} of {SEEDS} seeds")
    assert page.locator(".points-plane circle").count() == 3
    assert tab.said == []


def test_pasted_text_says_what_is_wrong_and_is_taken_when_mended(open_view: OpenView):
    page = open_view().page
    page.get_by_text("Draw or paste your own").click()
    text = page.locator("#points-text")
    text.fill("a;b;kind\n0,5;1;x\n1;zero;y")
    page.get_by_role("button", name="Use these lines").click()
    expect(page.get_by_role("alert")).to_have_text("Line 3, column 2: “zero” isn't a number.")
    text.fill("a;b;c;kind\n0,5;1;0;x\n1;0;0;y\n1;1;0,12345;z")
    page.get_by_role("button", name="Use these lines").click()
    expect(page.get_by_text("3 points.")).to_have_text(
        "3 points. Targets: 0 is “x”, 1 is “y”, 2 is “z”. Rounded, which keeps links short. "
        "The network now begins with 3 inputs and ends with 3 outputs, as the data do."
    )
    task = state_of(page.url)["a"]["task"]
    assert task["inputs"][2] == [1, 1, 0.123]
    assert task["kind"] == "classes"
    answered(page, r"\d+ of")


def test_whole_numbers_become_classes_by_one_click(open_view: OpenView):
    tab = open_view()
    page = tab.page
    page.get_by_text("Draw or paste your own").click()
    page.locator("#points-text").fill(",a,b,t,\n0,1,2,1,\n1,2,3,2,\n2,3,4,3,")
    page.get_by_role("button", name="Use these lines").click()
    said = page.get_by_text("3 points.")
    expect(said).to_contain_text("Targets 1 to 3 are learnt as numbers, by one output.")
    expect(said).to_contain_text("The first column has no name and counts the lines: it is left out.")
    assert state_of(page.url)["a"]["task"]["targets"] == [1, 2, 3]
    page.get_by_role("button", name="They are 3 classes").click()
    expect(said).to_contain_text("Targets: 0 is “1”, 1 is “2”, 2 is “3”.")
    expect(said).not_to_contain_text("learnt as numbers")
    experiment = state_of(page.url)["a"]
    assert experiment["task"]["targets"] == [0, 1, 2]
    assert experiment["task"]["kind"] == "classes"
    assert experiment["network"]["widths"][-1] == 3
    answered(page, r"\d+ of")
    assert tab.said == []


def test_the_present_points_are_where_own_ones_begin(open_view: OpenView):
    page = open_view().page
    page.get_by_text("Draw or paste your own").click()
    page.get_by_role("button", name="Start from the present points").click()
    expect(page.locator(".own-points")).to_contain_text("4 points.")
    task = state_of(page.url)["a"]["task"]
    points = [[*inputs, target] for inputs, target in zip(task["inputs"], task["targets"], strict=True)]
    assert sorted(points) == [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_networks_of_the_budget_have_just_as_many_parameters(open_view: OpenView):
    page = open_view(budget=44).page
    page.get_by_text("Layer by layer, and other networks").click()
    used = page.locator(".budget strong")
    others = page.locator(".budget .row button")
    for place in (0, 3):
        other = others.nth(place)
        name = other.inner_text()
        other.click()
        expect(page.get_by_label("widths")).to_have_value(name.split()[0])
        expect(used).to_have_text("44 / 44")
    page.get_by_label("budget", exact=True).fill("50")
    page.keyboard.press("Enter")
    expect(used).to_have_text("44 / 50")
    expect(page.locator(".budget")).to_contain_text("6 left.")


def test_the_microscope_steps_through_both_passes_and_follows_a_weight(open_view: OpenView):
    tab = open_view("microscope")
    page = tab.page
    line, at = page.locator(".operation"), page.get_by_text("Operation ")
    expect(line).to_contain_text("z1[1] = w1[1,1]·x[1]")
    page.get_by_role("button", name="Next ▶").click()
    expect(at).to_contain_text("Operation 2 of")
    page.keyboard.press("End")
    expect(line).to_contain_text("∂L/∂b1[")
    page.wait_for_url(re.compile("operation"))
    page.locator(".scope .hit").last.click(force=True)
    weight = page.get_by_label("weight", exact=True)
    expect(weight).not_to_have_value("w1[1,2]")
    chosen = weight.input_value()
    expect(page.get_by_text("Every path from")).to_contain_text(f"from {chosen} to the loss: 1")
    row = page.get_by_role("row", name="Sum over all paths")
    sums = [float(each.replace("−", "-")) for each in row.last.get_by_role("cell").all_inner_texts() if each]
    backward = page.get_by_role("row", name="Backward pass").get_by_role("cell").inner_text()
    assert sums == pytest.approx([float(backward.replace("−", "-"))])
    expect(page.get_by_text("Step 1 of the run saw")).to_be_visible()
    page.get_by_label("steps made before", exact=True).fill("999999")
    page.keyboard.press("Enter")
    expect(page.get_by_text("step = 999,999: must be at most")).to_be_visible()
    assert tab.said == []


def test_a_click_in_the_range_test_takes_its_rate_and_a_handle_moves_the_schedule(open_view: OpenView):
    schedule = {"name": "multi_step", "milestones": [50, 100]}
    tab = open_view("rates", Experiment.from_dict(xor(schedule=schedule)))
    page = tab.page
    chart = page.get_by_role("slider", name="Learning rate, over the range test")
    chart.click(position={"x": 200, "y": 120}, timeout=60_000)
    taken = state_of(page.url)["a"]["optimizer"]["lr"]
    expect(page.get_by_label("lr", exact=True)).to_have_value(str(taken))
    expect(chart).to_have_attribute("aria-valuenow", str(taken))
    chart.press("ArrowRight")
    assert state_of(page.url)["a"]["optimizer"]["lr"] > taken
    first = page.get_by_role("slider", name="Milestone 1")
    first.press("ArrowRight")
    assert state_of(page.url)["a"]["schedule"]["milestones"] == [52, 100]
    expect(first).to_have_attribute("aria-valuenow", "52")
    first.press("End")
    assert state_of(page.url)["a"]["schedule"]["milestones"] == [99, 100]
    second = page.get_by_role("slider", name="Milestone 2")
    expect(page.locator("#view-rates .stale")).to_have_count(0)  # Each answer draws handles anew.
    box = second.locator("circle").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 7, box["y"] + 7)
    page.mouse.down()
    page.mouse.move(box["x"] + 67, box["y"], steps=4)
    page.mouse.up()
    expect(second).not_to_have_attribute("aria-valuenow", "100")
    first_epoch, epoch = state_of(page.url)["a"]["schedule"]["milestones"]
    assert first_epoch == 99
    assert epoch > 110
    expect(second).to_have_attribute("aria-valuenow", str(epoch))  # Drawn a moment after it is known.
    assert tab.said == []


def test_the_script_is_saved_and_pictures_are(open_view: OpenView):
    page = open_view("take-away", seed=3).page
    with page.expect_download() as script:
        page.get_by_role("button", name=re.compile(r"Save .*\.py")).click()
    assert script.value.path().read_text(encoding="utf-8") == cell_code(EXPERIMENT, 3)
    page.get_by_role("button", name="Study file (TOML)").click()
    expect(page.locator(".code")).to_contain_text("[baseline")
    menu = page.locator("#answer .save").first
    menu.locator("summary").click()
    with page.expect_download() as picture:
        menu.get_by_role("button", name="SVG").click()
    assert picture.value.suggested_filename == "loss-of-all-runs.svg"
    assert "var(" not in picture.value.path().read_text(encoding="utf-8")
    with page.expect_download() as picture:
        menu.get_by_role("button", name="PNG").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
