"""Batches told apart by how they come: all, in turn, in turn without the rest, drawn with replacement."""

from __future__ import annotations

import numpy as np
import pytest

from trainlab.diagnosis.lift.experiment import order_of
from trainlab.diagnosis.lift.recording import Ints, Refused
from trainlab.spec import Batch, Full, Single

RNG = np.random.default_rng(0)


def shuffled(rows: int, size: int, epochs: int, *, drop: bool = False) -> list[Ints]:
    orders = [RNG.permutation(rows) for _ in range(epochs)]
    whole = rows // size * size if drop else rows
    return [order[start : start + size] for order in orders for start in range(0, whole, size)]


def drawn(rows: int, size: int, steps: int) -> list[Ints]:
    return list(RNG.integers(0, rows, (steps, size)))


def test_all_rows_in_every_step():
    order = order_of([np.array([2, 0, 1, 1])] * 5, 5)
    assert order.sampling == Full()
    assert order.epochs == 5
    assert order.data.tolist() == [2, 0, 1, 1]


def test_a_single_step_is_full():
    assert order_of([np.arange(4)], 1).sampling == Full()


@pytest.mark.parametrize(("rows", "size"), [(12, 4), (13, 4), (10, 1)])
def test_in_turn(rows: int, size: int):
    batches = shuffled(rows, size, 6)
    order = order_of(batches, len(batches))
    assert order.sampling == Batch(batch_size=size)
    assert order.epochs == 6
    assert order.data.tolist() == list(range(rows))


def test_a_row_that_is_there_twice_is_twice_in_the_data():
    batches = [np.minimum(batch, 8) for batch in shuffled(10, 5, 8)]
    assert order_of(batches, len(batches)).data.tolist() == [*range(9), 8]


def test_only_the_first_steps_were_recorded():
    batches = shuffled(12, 4, 6)
    assert order_of(batches[:10], len(batches)).epochs == 6


def test_what_fills_no_batch_is_left_out():
    batches = shuffled(13, 4, 9, drop=True)
    order = order_of(batches, len(batches))
    assert order.sampling == Batch(batch_size=4, drop_last=True)
    assert (order.epochs, len(order.data)) == (9, 13)


def test_one_epoch_of_rows_that_all_differ():
    batches = shuffled(12, 4, 1)
    assert order_of(batches, 3).epochs == 1


def test_single_rows_drawn_with_replacement():
    batches = drawn(4, 1, 400)
    order = order_of(batches, 400)
    assert order.sampling == Single(steps_per_epoch=4)
    assert order.epochs == 100
    assert order_of(batches, 399).sampling == Single(steps_per_epoch=1)


def test_batches_drawn_with_replacement():
    order = order_of(drawn(20, 8, 300), 300)
    assert order.sampling == Batch(batch_size=8, replacement=True)
    assert order.epochs == 100


def test_the_same_batches_in_every_epoch_are_refused():
    with pytest.raises(Refused, match="the same ones in every epoch"):
        order_of([np.arange(4), np.arange(4, 8)] * 3, 6)


def test_an_end_within_an_epoch_is_refused():
    batches = shuffled(12, 4, 6)
    with pytest.raises(Refused, match="ends within an epoch: 17 steps, 3 an epoch"):
        order_of(batches[:17], 17)


def test_rows_that_are_not_drawn_alike_are_refused():
    rows = RNG.choice(4, size=(400, 1), p=[0.7, 0.1, 0.1, 0.1])
    with pytest.raises(Refused, match="doesn't draw batches"):
        order_of(list(rows), 400)
