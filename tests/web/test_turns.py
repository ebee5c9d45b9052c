"""Whose turn it is."""

import msgspec
from web.experiments import job

from trainlab.web.workers import LANES, Turns


def taken(turns: Turns, number: int) -> list[str]:
    """Take so many, and say whose they were: ``Ann answer``."""
    found = [turns.take() for _ in range(number)]
    return [f"{one.visitor} {one.lane}" if one else "" for one in found]


def test_visitors_take_turns_however_many_questions_one_has():
    turns = Turns(workers=8)
    for lane in ("answer", "replay", "compare"):
        turns.wait(job("Ann", lane))
    turns.wait(job("Bob"))
    turns.wait(job("Cid"))
    assert taken(turns, 6) == ["Ann answer", "Bob answer", "Cid answer", "Ann replay", "Ann compare", ""]


def test_who_has_fewer_being_answered_comes_first():
    turns = Turns(workers=8)
    for lane in LANES:
        turns.wait(job("Ann", lane))
    ann = [turns.take() for _ in range(3)]
    turns.wait(job("Bob", "answer"))
    turns.wait(job("Bob", "replay"))
    assert taken(turns, 2) == ["Bob answer", "Bob replay"]
    for one in ann:
        turns.ended(one)
    turns.wait(job("Bob", "budget"))
    assert taken(turns, 1) == [f"Ann {LANES[3]}"]


def test_of_a_visitor_the_most_urgent_comes_first():
    turns = Turns(workers=100)
    for lane in reversed(LANES):
        turns.wait(job("Ann", lane))
    assert taken(turns, len(LANES)) == [f"Ann {lane}" for lane in LANES]
    assert LANES[0] == "answer"
    assert LANES[-1] == "plane"


def test_a_newer_question_of_a_lane_takes_the_place_of_the_older():
    turns = Turns(workers=2)
    turns.wait(job("Ann", number=1))
    turns.wait(job("Bob"))
    turns.wait(job("Ann", number=2))
    first = turns.take()
    assert (first.visitor, first.id) == ("Ann", 2)
    assert taken(turns, 2) == ["Bob answer", ""]


def test_planes_leave_a_worker_to_others():
    turns = Turns(workers=3)
    for name in ("Ann", "Bob", "Cid"):
        turns.wait(job(name, "plane"))
    ann = turns.take()
    assert taken(turns, 2) == ["Bob plane", ""]
    turns.wait(job("Dan"))
    assert taken(turns, 1) == ["Dan answer"]
    turns.ended(ann)
    assert taken(turns, 1) == ["Cid plane"]


def test_a_single_worker_does_planes_too():
    turns = Turns(workers=1)
    turns.wait(job("Ann", "plane"))
    assert taken(turns, 1) == ["Ann plane"]


def test_what_is_dropped_is_not_taken():
    turns = Turns(workers=2)
    turns.wait(job("Ann"))
    turns.wait(job("Ann", "plane"))
    turns.drop("Ann", "answer")
    turns.drop("Ann", "rates")
    turns.drop("Bob", "answer")
    assert taken(turns, 2) == ["Ann plane", ""]


def test_nothing_is_kept_of_who_has_left():
    turns = Turns(workers=2)
    turns.wait(job("Ann"))
    turns.ended(turns.take())
    turns.wait(job("Ann"))
    turns.drop("Ann", "answer")
    assert not turns._waiting
    assert not turns._running


def test_the_question_goes_along():
    turns = Turns(workers=1)
    turns.wait(job("Ann"))
    assert msgspec.json.decode(turns.take().question)["ask"] == "population"
