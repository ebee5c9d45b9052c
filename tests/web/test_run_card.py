"""The card of one run in a browser: its numbers are those of the run, at every step and from the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import PHONE, OpenTab, needs_chromium
from playwright.sync_api import Page, expect
from web.experiments import xor

from trainlab.spec import Experiment
from trainlab.web.answers.replay import answer_replay
from trainlab.web.answers.why import answer_why_seed
from trainlab.web.experiment_forms import lab_address
from trainlab.web.questions import Limits, Replay, WhySeed

pytestmark = [needs_chromium, pytest.mark.process]

SHOWN = "#run:not(.stale) .player"
EXPERIMENT = xor(sampling="single", epochs=60)
SEED = 3

OpenRun = Callable[..., Page]


@pytest.fixture
def open_run(open_tab: OpenTab, lab_address_of_server: str) -> OpenRun:
    """Open the page at a run of an experiment, and wait for it."""

    def opened(experiment: dict[str, Any] = EXPERIMENT, **how: Any) -> Page:
        address = lab_address(Experiment.from_dict(experiment), seed=SEED, seeds=16)
        page = open_tab(lab_address_of_server.rstrip("/") + address, **how).page
        page.wait_for_selector(SHOWN, timeout=120_000)  # What isn't kept on disk is compiled first.
        return page

    return opened


def replay(experiment: dict[str, Any] = EXPERIMENT, **asked: Any) -> Any:
    (frame,) = answer_replay(Replay(experiment=experiment, seed=SEED, **asked), Limits())
    return frame


def place(page: Page, steps: int) -> str:
    """Wait until so many steps are shown, and return what is said of the place."""
    shown = page.locator(".place", has_text=re.compile(rf"^After {steps:,} of [\d,]+ steps[^;]*$"))
    return shown.inner_text()


def number(words: str) -> float:
    """Return a number as the page writes it: ``−0.0123``, ``1,200``, ``5.9×10⁻⁴``, ``10⁻⁵``."""
    found = re.fullmatch(r"(−?)(?:([\d.,]+)×?)??(?:10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", words)
    assert found is not None, words
    sign, mantissa, power = found.groups()
    raised = int((power or "⁰").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")))
    return (-1 if sign else 1) * float((mantissa or "1").replace(",", "")) * 10.0**raised


def test_it_opens_at_the_end_with_the_servers_sentence(open_run: OpenRun):
    page, frame = open_run(), replay(frames=2)
    assert page.locator("#run > p").inner_text() == frame.fields["sentence"]
    words = place(page, frame.fields["of_steps"])
    loss = re.search(r"loss (\S+),", words)
    assert loss is not None
    assert number(loss[1]) == pytest.approx(frame.arrays["loss"][-1], rel=0.05)
    assert page.locator("#run .verdict").all_inner_texts() == [
        each["sentence"] for each in frame.fields["verdicts"]
    ]
    own = page.locator("#answer svg path[stroke='var(--tl-s2)']")
    assert (own.get_attribute("d") or "").startswith("M")


def test_single_steps_are_those_of_the_run_and_the_address_follows(open_run: OpenRun):
    page = open_run()
    visited = page.evaluate("history.length")
    page.get_by_role("slider", name="Step", exact=True).focus()
    page.keyboard.press("Home")
    place(page, 0)
    page.keyboard.press(".")
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="One step forward").click()
    words = place(page, 3)
    frame = replay(start=3, stop=4, frames=2)
    loss = re.search(r"loss (\S+),", words)
    assert loss is not None
    assert number(loss[1]) == pytest.approx(frame.arrays["loss"][0], rel=0.01)
    page.keyboard.press(">")
    place(page, frame.fields["steps_per_epoch"])
    page.wait_for_url(re.compile(rf"step%22%3A{frame.fields['steps_per_epoch']}\b"))
    # The arrow left the slider once, which is told apart; buttons and keys make no steps back.
    assert page.evaluate("history.length") <= visited + 2
    page.reload()
    page.wait_for_selector(SHOWN)
    place(page, frame.fields["steps_per_epoch"])


def test_a_neurons_numbers_are_listed_from_the_keyboard(open_run: OpenRun):
    page = open_run()
    page.get_by_role("button", name="To the start").click()
    place(page, 0)
    page.locator(".neurons button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    focused = page.evaluate("document.activeElement.ariaLabel")
    unit = int(re.fullmatch(r"unit (\d) of layer 1", focused)[1])
    page.keyboard.press("Enter")
    table = page.get_by_role("region", name="Numbers of the chosen neuron")
    table.wait_for()
    frame = replay(stop=1, frames=2)
    layer = frame.fields["layers"][0]
    for source, row in enumerate(table.locator("tbody tr").all()[: layer["fan_in"]]):
        at = layer["first_weight"] + (unit - 1) * layer["fan_in"] + source
        name, *_, value, gradient, update = row.locator("th, td").all_inner_texts()
        assert name == f"w1[{unit},{source + 1}]"
        for words, array in ((value, "parameters"), (gradient, "gradient"), (update, "update")):
            assert number(words) == pytest.approx(frame.arrays[array][0][at], rel=0.05)
    words = page.locator("#network-words").inner_text()
    assert words.startswith(f"Unit {unit} of layer 1 (tanh): from ")
    page.keyboard.press("Escape")
    table.wait_for(state="hidden")


def test_what_a_neuron_is_said_to_compute_is_what_it_computes(open_run: OpenRun):
    page, frame = open_run(), replay(frames=2)
    page.locator(".neurons button").last.focus()
    words = page.locator("#network-words", has_text="over the picture").inner_text()
    found = re.match(r"The output \(tanh\): from (\S+) to (\S+) over the picture", words)
    assert found is not None, words
    row = frame.arrays["parameters"][-1].astype(float)
    across = -0.2 + 1.4 * (np.arange(40) + 0.5) / 40
    value = np.array([[x, y] for x in across for y in across])
    for layer in frame.fields["layers"]:
        weights = row[layer["first_weight"] :][: layer["fan_in"] * layer["fan_out"]]
        value = value @ weights.reshape(layer["fan_out"], -1).T
        if layer["bias"]:
            value = value + row[layer["first_bias"] :][: layer["fan_out"]]
        value = np.tanh(value)
    assert [number(each) for each in found.groups()] == pytest.approx([value.min(), value.max()], abs=0.006)


def test_it_plays_step_by_step_to_the_end_and_pauses(open_run: OpenRun):
    page = open_run(xor(epochs=40))
    page.get_by_label("Speed").select_option("25 steps a second")
    play = page.get_by_role("button", name="Play")
    play.click()
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    play.wait_for()
    words = page.locator(".place", has_text=re.compile(r"^After \d+ of 40 steps[^;]*$")).inner_text()
    assert int(words.split()[1]) < 40
    play.click()
    place(page, 40)
    play.wait_for()


def test_a_run_that_diverges_says_where_and_goes_there(open_run: OpenRun):
    wild = xor(optimizer={"name": "sgd", "lr": 1e6}, network={"widths": [2, 3, 1], "activation": "linear"})
    page, frame = open_run(wild), replay(wild, frames=2)
    bad = frame.fields["first_bad"]
    assert page.locator("#run .says").all_inner_texts() == [bad["sentence"]]
    page.get_by_role("button", name="the next step breaks it").click()
    place(page, bad["step"])


def test_the_doctor_is_asked_about_a_failed_seed_and_forgotten_with_it(open_run: OpenRun):
    hard = xor(network="2-4-4-4-4-4-4-4-1", loss="l1", optimizer={"name": "sgd", "lr": 0.05}, epochs=40)
    page = open_run(hard)
    *_, told = (each.fields for each in answer_why_seed(WhySeed(experiment=hard, seed=SEED), Limits()))
    assert told["fault"]
    ask = page.get_by_role("button", name="Ask the doctor about this seed")
    ask.click()
    run = page.locator("#run")
    expect(run).to_contain_text(told["sentence"], timeout=120_000)
    for words in (*told["evidence"], f"What to do: {told['remedy']}"):
        expect(run).to_contain_text(words)
    page.get_by_role("slider", name="Seed", exact=True).press("ArrowRight")
    expect(run).not_to_contain_text(told["remedy"])
    expect(ask).to_be_visible(timeout=60_000)
    assert page.locator("#run").get_by_text("The doctor finds").count() == 0


def test_of_a_solved_run_there_is_nothing_to_ask_the_doctor(open_run: OpenRun):
    easy = xor(network="2-8-1", epochs=300)
    assert replay(easy).fields["solved_at_end"]
    page = open_run(easy)
    expect(page.get_by_role("button", name="Ask the doctor about this seed")).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 1280])
def test_axe_finds_nothing_amiss_in_it(open_run: OpenRun, theme: str, width: int):
    page = open_run(theme=theme, width=width)
    page.locator(".neurons button").last.click()
    page.wait_for_timeout(400)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_outputs_that_are_logits_are_shown_as_what_they_predict(open_run: OpenRun):
    page = open_run(xor(network={"widths": [2, 3, 1], "output_activation": "linear"}, loss="bce_with_logits"))
    page.locator(".neurons button").last.focus()
    words = page.locator("#network-words", has_text="over the picture").inner_text()
    found = re.match(r"The output \(linear, then sigmoid\): from (\S+) to (\S+) over", words)
    assert found is not None, words
    assert 0 <= number(found[1]) < number(found[2]) <= 1
