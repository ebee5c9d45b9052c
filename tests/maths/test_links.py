import numpy as np
import pytest
import torch

from trainlab.maths import LINKS, LOSSES

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
