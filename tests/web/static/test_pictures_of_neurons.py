"""Pictures of neurons are made of trainlab's own numbers: its activations, links and forward pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import OpenTab, needs_chromium

import trainlab.web
from trainlab.maths import ACTIVATIONS
from trainlab.maths.predictions import LINKS
from trainlab.spec import Network

pytestmark = needs_chromium

STATIC = Path(trainlab.web.__file__).parent / "static"
SITE = "http://lab.test/"
POINTS = np.concatenate(
    [np.linspace(-6, 6, 402), [-800, -40, -30, -20, -1e-12, 0, 1e-12, 20, 20.5, 30, 40, 800]]
)
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    **{name: entry.value for name, entry in ACTIVATIONS.items()},
    **{name: entry.value for name, entry in LINKS.items()},
}

ACTIVATED = """async ([name, values, points]) => {
  const { applyActivation } = await import("/network_run.js");
  const made = Float64Array.from(values);
  applyActivation(name, made, points);
  return [...made];
}"""
PASSED = """async ([layers, parameters, inputs, points]) => {
  const { createForwardPass } = await import("/network_run.js");
  const pass = createForwardPass(layers, Float64Array.from(inputs), points);
  pass(parameters.map(() => 7)); // Nothing of a pass before may stay.
  return pass(parameters).map((values) => [...values]);
}"""


@pytest.fixture
def modules(open_tab: OpenTab) -> Callable[[str, list[Any]], Any]:
    """Call a function of JavaScript that can import the page's modules."""
    page = open_tab("about:blank").page
    page.route(f"{SITE}*", lambda route: route.fulfill(path=STATIC / route.request.url.removeprefix(SITE)))
    page.goto(f"{SITE}icon.svg")
    return page.evaluate


def test_every_activation_and_link_is_that_of_maths(modules: Callable[[str, list[Any]], Any]):
    over_units = np.stack([POINTS, POINTS[::-1], 0.5 * POINTS + 1])  # [units, points]
    for name, function in FUNCTIONS.items():
        found = modules(ACTIVATED, [name, over_units.ravel().tolist(), len(POINTS)])
        with np.errstate(over="ignore"):
            expected = function(over_units.T).T
        np.testing.assert_allclose(np.reshape(found, over_units.shape), expected, rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize(
    "network",
    [
        Network(widths=(2, 5, 4, 1)),
        Network(widths=(3, 4, 3), bias=(False, True), activation=("gelu", "softmax")),
        Network(widths=(1, 2), output_bias=False, activation="linear"),
    ],
)
def test_the_forward_pass_is_layer_after_layer_of_a_row_of_parameters(
    modules: Callable[[str, list[Any]], Any], network: Network
):
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(network.widths[0], 6))
    values, row, layers, expected = inputs, [], [], []
    for fan_out, bias, activation in zip(
        network.widths[1:], network.biases, network.activations, strict=True
    ):
        weights, offsets = rng.normal(size=(fan_out, len(values))), rng.normal(size=fan_out) * bias
        row += [*weights.ravel(), *(offsets if bias else [])]
        layers.append({"fan_in": len(values), "fan_out": fan_out, "bias": bias, "activation": activation})
        values = ACTIVATIONS[activation].value((weights @ values + offsets[:, None]).T).T
        expected.append(values)
    assert len(row) == network.parameters
    found = modules(PASSED, [layers, [float(each) for each in row], inputs.ravel().tolist(), 6])
    for each, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.reshape(each, wanted.shape), wanted, rtol=1e-12, atol=1e-15)
