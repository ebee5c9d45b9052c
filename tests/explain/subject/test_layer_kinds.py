"""What kind a layer of a user's module is said to be."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from trainlab.explain.subject.layers import layer_kind


class Own(nn.Linear):
    """A layer whose author has a list of that name for something else."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.parametrizations = []


def test_a_parametrized_layer_is_called_what_it_was() -> None:
    assert layer_kind(spectral_norm(nn.Linear(2, 2))) == "Linear"
    assert layer_kind(nn.Linear(2, 2)) == "Linear"


def test_a_layer_of_the_users_own_keeps_its_name() -> None:
    assert layer_kind(Own()) == "Own"
