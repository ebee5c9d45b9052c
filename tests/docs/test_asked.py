"""What the ledger asks of single trainings: numbers of a loop by hand, and of losses of one's own."""

from __future__ import annotations

import pytest

from docs.asked import PLATEAU, own_loss, plateau
from docs.rules import EXACT


@pytest.mark.trains
def test_a_plateau_is_one_of_the_held_out_loss_and_of_no_other():
    found = plateau()
    assert found.held_out < EXACT < found.train
    assert len(found.rates) > 1
    assert found.rates[0] == PLATEAU["optimizer"]["lr"]


@pytest.mark.trains
def test_a_loss_of_ones_own_is_what_is_trained_by():
    found = own_loss()
    assert found.square < EXACT < found.quartic
