"""The microscope's operations: formulas with numbers come to their values, weights are those there are."""

from __future__ import annotations

import math
from typing import Any

import pytest
from chromium import OpenTab, needs_chromium
from playwright.sync_api import Page
from web.experiments import xor

from trainlab.web.answers.microscope import answer_microscope
from trainlab.web.frames import decode, encode
from trainlab.web.questions import Limits, Microscope
from trainlab.web.without_server import bundle

pytestmark = [needs_chromium, pytest.mark.process]


@pytest.fixture
def page(open_tab: OpenTab) -> Page:
    tab = open_tab("about:blank")
    tab.page.add_script_tag(content=bundle("microscope_view"))
    return tab.page


def answer(**more: Any) -> dict[str, Any]:
    question = Microscope(experiment=xor(network={"widths": "2-3-1", **more}), point=2)
    return decode(encode(next(iter(answer_microscope(question, Limits())))))[0]


def calculated(line: str) -> float:
    """Return what a line of numbers comes to."""
    for there, here in (
        ("·", "*"),
        ("−", "-"),
        ("×10", "e"),
        *zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True),
    ):
        line = line.replace(there, here)
    return float(eval(line.removeprefix("= ")))  # numbers, products and sums only


def test_numbers_in_the_place_of_names_come_to_the_value(page: Page):
    steps = answer()["steps"]
    lines = page.evaluate("steps => steps.map(operationLines)", steps)
    sums = 0
    for step, said in zip(steps, lines, strict=True):
        assert said[0] == f"{step['result']} = {step['formula']}"
        assert math.isclose(calculated(said[-1]), step["value"], rel_tol=1e-4, abs_tol=1e-12)
        if len(said) == 3 and step["operation"] not in ("activation", "loss", "loss gradient"):
            assert math.isclose(calculated(said[1]), step["value"], rel_tol=1e-3, abs_tol=1e-4)
            sums += 1
    assert sums > 10
    (copied,) = [said for step, said in zip(steps, lines, strict=True) if step["result"] == "∂L/∂b2[1]"]
    assert len(copied) == 2


def test_a_formula_without_its_names_has_no_numbers(page: Page):
    fill = "([formula, operands]) => withNumbers(formula, operands)"
    assert page.evaluate(fill, ["mse(a2, y)", [["a2[1]", 0.5], ["y[1]", 1]]]) is None
    assert page.evaluate(fill, ["∂L/∂z1[1] · z1[1]", [["z1[1]", -2], ["∂L/∂z1[1]", 3]]]) == "3 · (−2)"


def test_what_is_known_grows_with_the_operations(page: Page):
    steps = answer()["steps"]
    known = page.evaluate("steps => [0, 1, 99].map((count) => [...knownValues(steps, count).keys()])", steps)
    assert known[0] == ["x[1]", "x[2]"]
    assert known[1] == ["x[1]", "x[2]", "z1[1]"]
    assert set(known[2]) == {"x[1]", "x[2]"} | {step["result"] for step in steps}


@pytest.mark.parametrize("bias", [True, False])
def test_weights_are_those_that_the_backward_pass_has(page: Page, bias: bool):
    told = answer(bias=bias)
    by = {
        step["result"].removeprefix("∂L/∂")
        for step in told["steps"]
        if step["operation"] in ("weight gradient", "bias gradient")
    }
    names = page.evaluate("header => weightNames(header)", told)
    assert len(names) == len(by)
    assert set(names) == by


@pytest.mark.parametrize(
    ("weight", "shown"),
    [
        ("w2[1,3]", "w2[1,3]"),
        ("b1[3]", "b1[3]"),
        ("w2[1,4]", "w1[1,2]"),
        ("w2[2,1]", "w1[1,2]"),
        ("w3[1,1]", "w1[1,2]"),
        ("w0[1,1]", "w1[1,2]"),
        ("nonsense", "w1[1,2]"),
        (None, "w1[1,2]"),
    ],
)
def test_a_weight_that_another_network_had_gives_way(page: Page, weight: str | None, shown: str):
    assert page.evaluate("weight => weightOrFirst(weight, [2, 3, 1])", weight) == shown
