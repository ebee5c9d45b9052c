"""The steps of a training among those of others."""

from __future__ import annotations

from trainlab.diagnosis.observed.record import MAX_RUNS, Steps


def steps(*ticks: int) -> Steps:
    """Return the steps at these ticks."""
    made = Steps()
    for tick in ticks:
        made.add(tick)
    return made


def test_steps_one_after_the_other_and_in_turns_are_a_run_each():
    after = steps(*range(100, 200))
    turns = steps(*range(1, 300, 3))
    assert (after.runs, turns.runs) == ([[100, 1, 100]], [[1, 3, 100]])
    assert (after.first, after.last, turns.last) == (100, 199, 298)


def test_a_tick_of_the_script_is_a_step_of_the_training():
    ticks = [0, 1, 2, 7, 9, 11, 30]
    made = steps(*ticks)
    assert [made.before(tick) for tick in range(40)] == [
        sum(one < tick for one in ticks) for tick in range(40)
    ]


def test_two_that_turn_out_to_be_one_have_the_steps_of_both():
    one, other = steps(0, 2, 4, 6), steps(1, 3, 5)
    one.join(other)
    one.add(7)
    assert [one.before(tick) for tick in range(9)] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert (one.count, one.last) == (8, 7)


def test_steps_in_no_order_are_not_known():
    made = steps(*(tick * tick for tick in range(2 * MAX_RUNS + 10)))
    assert not made.known
    assert made.count == 2 * MAX_RUNS + 10
