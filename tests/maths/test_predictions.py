"""Links against PyTorch's definitions, and accuracy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainlab.maths import LINKS, LOSSES, accuracy, is_right

Z = np.array([[-800.0, -1.5, -1.0], [0.0, 0.25, 1.0], [3.0, 40.0, 800.0]])
PYTORCH = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: torch.softmax(z, -1),
    "exp": torch.exp,
    "margin": lambda z: torch.clamp((z + 1) / 2, 0, 1),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_pytorchs_expression(name: str):
    np.testing.assert_allclose(LINKS[name].value(Z), PYTORCH[name](torch.tensor(Z)).numpy(), rtol=1e-13)


@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_the_same_in_torch_and_in_a_script(name: str):
    z, link = torch.tensor(Z), LINKS[name]
    assert torch.equal(link.torch_value(torch, z), PYTORCH[name](z))
    assert torch.equal(eval(link.torch_code.format("z")), PYTORCH[name](z))


def test_the_losses_links_are_those_that_make_their_outputs_predictions():
    links = {name: entry.link for name, entry in LOSSES.items() if entry.link != "identity"}
    assert links == {
        "bce_with_logits": "sigmoid",
        "cross_entropy": "softmax",
        "nll": "exp",
        "hinge": "margin",
    }
    assert [entry.code for entry in LINKS.values()] == [0, 1, 2, 3, 4]


def test_one_output_is_right_on_the_targets_side_of_a_half():
    predictions = np.array([[0.9], [0.5], [0.5], [0.1], [0.51], [np.nan], [np.nan]])
    targets = np.array([[1.0], [1.0], [0.0], [1.0], [1.0], [0.0], [1.0]])
    np.testing.assert_array_equal(is_right(predictions, targets), [1, 0, 1, 0, 1, 0, 0])
    assert accuracy(predictions, targets) == pytest.approx(3 / 7, rel=1e-15)


def test_many_outputs_are_right_where_the_largest_stands_and_ties_go_to_the_first():
    predictions = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0, np.nan, 0]])
    targets = np.eye(3)[[1, 0, 1, 1]]
    np.testing.assert_array_equal(is_right(predictions, targets), [1, 1, 0, 0])


def test_a_population_has_an_accuracy_a_network():
    rng = np.random.default_rng(1)
    predictions, targets = rng.uniform(size=(5, 40, 3)), np.eye(3)[rng.integers(0, 3, size=40)]
    found = accuracy(predictions, targets)
    assert found.shape == (5,)
    for network in range(5):
        assert found[network] == np.mean(predictions[network].argmax(1) == targets.argmax(1))
