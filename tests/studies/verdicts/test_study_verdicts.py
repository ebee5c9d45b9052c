"""Which verdicts a study gets, in which order, and that they follow its cells."""

import itertools
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from studies.made_up import ALL, TINY, cells_of, flags, runs_of, study_of

from trainlab.spec import Cell, Change, Experiment, Study
from trainlab.stats import Verdict
from trainlab.studies.effects import effects_of
from trainlab.studies.verdicts.study_verdicts import _pairs, verdicts_of

SEEDS = 200


def judged(
    study: Study, share: dict[tuple[str, ...], float], *, seeds: int = SEEDS, **kwargs: float
) -> tuple[Verdict, ...]:
    """Judge cells that solve these shares of their seeds; a cell that isn't named solves none."""

    def make(cell: Cell):
        k = round(seeds * share.get(cell.changes, 0.0))
        return runs_of(cell.experiment, flags((k, True), (seeds - k, False)), **kwargs)

    cells = cells_of(study, make)
    return verdicts_of(study, cells, effects_of(study, cells)[0])


def by_topic(verdicts: tuple[Verdict, ...], topic: str) -> list[str]:
    return [verdict.outcome for verdict in verdicts if verdict.topic == topic]


TWO = {"networks": ("2-3-1", "2-2-2-1")}
SAME = {"networks": ("2-3-1", "2-1-3-1")}


def test_the_verdicts_come_in_the_order_of_the_conclusions():
    verdicts = judged(study_of("A", "B", **SAME), {("A", "B"): 0.5})
    assert [verdict.topic for verdict in verdicts] == (
        ["parameters"] + ["together"] * 2 + ["change"] * 4 + ["vanishing"] * 2 + ["predictions"] * 2
    )


@pytest.mark.parametrize(
    ("share", "together", "changes", "predictions"),
    [
        ({("A",): 1.0, ("A", "B"): 1.0}, "upheld", ["upheld", "refuted"], "upheld"),
        ({(): 1.0, ("B",): 1.0}, "refuted", ["refuted", "refuted"], "refuted"),
        ({("A", "B"): 0.5}, "mixed", ["upheld", "upheld"], "mixed"),
        ({}, "refuted", ["refuted", "refuted"], "refuted"),
    ],
)
def test_they_follow_the_cells(share, together: str, changes: list[str], predictions: str):
    # That a change does nothing takes more seeds to show than that it does something.
    verdicts = judged(study_of("A", "B"), share, seeds=500)
    assert by_topic(verdicts, "together") == [together]
    assert by_topic(verdicts, "change") == changes
    assert by_topic(verdicts, "predictions") == [predictions]


def test_vanishing_is_asked_of_the_deepest_network_at_both_ends():
    low = judged(study_of("A", **TWO), {("A",): 0.5}, gradient=0.0, last_gradient=0.1)
    still = judged(study_of("A", **TWO), {("A",): 0.5}, gradient=0.0)
    high = judged(study_of("A", **TWO), {("A",): 0.5}, gradient=0.1)
    gone = judged(study_of("A", **TWO), {("A",): 1.0}, gradient=0.0, last_gradient=0.1)
    assert by_topic(low, "vanishing") == ["upheld", "upheld"]
    assert by_topic(high, "vanishing") == by_topic(still, "vanishing") == ["refuted", "refuted"]
    assert by_topic(gone, "vanishing") == ["upheld"]
    statements = [verdict.statement for verdict in low if verdict.topic == "vanishing"]
    assert statements == [
        "Net 2's failures at the baseline are vanishing gradients.",
        "Net 2's failures with A are vanishing gradients.",
    ]


def test_the_single_runs_of_vanishing_are_the_failed_ones():
    verdicts = judged(study_of("A"), {("A",): 0.25}, gradient=0.0, last_gradient=0.1)
    last = [verdict for verdict in verdicts if verdict.topic == "vanishing"][-1]
    assert last.opposite is not None
    assert (last.opposite.k, last.opposite.n) == (0, 150)


def test_vanishing_is_not_asked_of_networks_with_a_single_layer():
    study = study_of("A", networks=("2-1", "2-1"))
    topics = [verdict.topic for verdict in judged(study, {}, gradient=0.0)]
    assert "vanishing" not in topics
    beside = judged(study_of("A", networks=("2-1", "2-3-1")), {}, gradient=0.0, last_gradient=0.1)
    told = [verdict.sentence for verdict in beside if verdict.topic == "vanishing"]
    assert len(told) == 2
    assert not any("Net 1" in sentence for sentence in told)


def test_the_assignment_s_statements_are_judged_where_the_study_asks_only():
    share, failing = {("A",): 0.5}, {"gradient": 0.0, "last_gradient": 0.1}
    for asked in (*ALL, None):
        ask = () if asked is None else (asked,)
        topics = {verdict.topic for verdict in judged(study_of("A", **SAME, ask=ask), share, **failing)}
        assert topics & set(ALL) == set(ask)
        assert {"together", "change"} <= topics
        # What isn't asked as predictions is told as the experiment has it.
        assert ("solved" in topics) == (asked != "predictions")


def end_of(experiment: dict[str, Any], accuracy: float, solved: bool) -> Verdict:
    """Judge 200 runs of one experiment that all end alike, and return the last verdict."""
    study = Study(baseline=Experiment.from_dict({**TINY.to_dict(), **experiment}), ask=ALL)

    def make(cell: Cell):
        runs = runs_of(cell.experiment, flags((SEEDS, solved)), right=flags((SEEDS, False)))
        kept = runs.predictions[:, : cell.experiment.record.predictions]
        return replace(runs, predictions=kept, accuracy=np.full(SEEDS, accuracy, dtype=np.float32))

    return verdicts_of(study, cells_of(study, make), ())[-1]


FLOWERS = {
    "network": {"widths": "4-3-3", "output_activation": "linear"},
    "task": "iris",
    "loss": "cross_entropy",
    "solved": {"accuracy": 0.95},
}


def test_many_examples_are_judged_by_what_counts_as_solved():
    # Not one network gets all 150 flowers right, but every one is solved as the experiment has it.
    # Asked for its predictions or not: there are too many.
    verdict = end_of(FLOWERS, 0.98, True)
    assert (verdict.topic, verdict.outcome) == ("solved", "upheld")
    assert verdict.statement == "4-3-3 is solved."
    assert verdict.sentence == (
        "4-3-3 is solved almost always: 200 of 200 seeds (100.0 %, 98.1 to 100.0 %). A run is solved when it "
        "classifies at least 95 % of the examples correctly."
    )
    assert end_of(FLOWERS, 0.94, False).outcome == "refuted"


def test_so_are_two_classes_of_many_points_targets_not_all_kept_and_regressions():
    many = {"network": "2-3-1", "task": {"name": "circles", "points": 17}}
    kept = {"record": {**TINY.to_dict()["record"], "predictions": 3}}
    line = {"network": "1-3-1", "task": {"name": "curve"}, "loss": "mse", "solved": {"loss": 0.1}}
    for experiment in (kept, line):
        assert end_of(experiment, 0.98, True).topic == "solved"
    # Nobody said what solved means here: every prediction within 0.1 of its class is the default.
    assert end_of(many, 0.98, True).topic == "score"
    few = {"network": "2-3-1", "task": {"name": "circles", "points": 16}}
    assert end_of(few, 0.98, True).topic == "predictions"


def test_sizes_are_judged_where_the_study_asks_and_has_several_networks():
    assert by_topic(judged(study_of("A", **TWO), {}), "parameters") == ["refuted"]
    assert by_topic(judged(study_of("A", **SAME, ask=()), {}), "parameters") == []
    assert by_topic(judged(study_of("A", **SAME), {}), "parameters") == ["upheld"]
    assert by_topic(judged(study_of("A"), {}), "parameters") == []


@pytest.mark.parametrize(
    ("runs", "failed", "asked"), [(100, 19, False), (100, 20, True), (200, 39, False), (200, 40, True)]
)
def test_failures_are_judged_where_they_are_many(runs: int, failed: int, asked: bool):
    found = judged(study_of(), {(): 1 - failed / runs}, seeds=runs)
    assert (by_topic(found, "vanishing") != []) == asked


def test_a_study_without_changes_says_what_it_can():
    verdicts = judged(Study(baseline=TINY, ask=ALL), {(): 1.0})
    assert [verdict.topic for verdict in verdicts] == ["predictions"]
    assert verdicts[0].sentence.startswith(
        "2-3-1's predictions round to 0, 1, 1, 0 almost always: 200 of 200"
    )


def test_a_study_of_one_change_averages_over_nothing():
    verdicts = judged(study_of("A"), {("A",): 1.0})
    change = next(verdict for verdict in verdicts if verdict.topic == "change")
    assert change.sentence.endswith(" in the success rate.")
    assert change.statement == "Change A (change A) helps Net 1."


def test_cells_left_out_leave_out_their_verdicts():
    study = study_of("A", "B")
    cells = cells_of(study, lambda cell: runs_of(cell.experiment, np.ones(9, dtype=np.bool_)))
    some = [item for item in cells if item.cell.name in ("Net 1:A", "Net 1:none")]
    verdicts = verdicts_of(study, some, effects_of(study, some)[0])
    assert verdicts == ()


def test_the_single_runs_of_a_change_take_turns_over_the_combinations():
    # A helps on all 200 seeds where B is made too, alone on the first 150 only: of the last 50, the even
    # ones ask A alone and say it doesn't help, the odd ones ask it beside B and say it does.
    verdicts = judged(study_of("A", "B"), {("A",): 0.75, ("A", "B"): 1.0})
    first, second = (verdict for verdict in verdicts if verdict.topic == "change")
    assert first.opposite is not None
    assert second.opposite is not None
    assert (first.outcome, first.opposite.k) == ("upheld", 25)
    # B helps on the last 50 seeds where A is made, and never alone: only the 25 odd ones of these say so.
    assert (second.outcome, second.opposite.k) == ("upheld", 175)


@pytest.mark.parametrize("names", [("A",), ("A", "B"), ("A", "B", "C")])
def test_a_pair_is_one_seed_of_two_cells_that_differ_in_the_change_only(names: tuple[str, ...]):
    # What is solved is drawn apart for every cell, so that no other cell or seed gives the same pairs.
    study, rng = study_of(*names, **TWO), np.random.default_rng(1)
    cells = cells_of(study, lambda cell: runs_of(cell.experiment, rng.random(SEEDS) < 0.5))
    table = {(item.cell.network, item.cell.changes): item for item in cells}
    for effect in effects_of(study, cells)[0]:
        others = [name for name in names if name != effect.change]
        combinations = [
            set(some) for size in range(len(names)) for some in itertools.combinations(others, size)
        ]
        assert len(combinations) == 2 ** (len(names) - 1)
        found = []
        for extra in (set[str](), {effect.change}):
            solved = {
                item.cell.changes: item.runs.solved for item in cells if item.cell.network == effect.network
            }
            chosen = [tuple(sorted(combinations[seed % len(combinations)] | extra)) for seed in range(SEEDS)]
            found.append([bool(solved[changes][seed]) for seed, changes in enumerate(chosen)])
        runs = {key: item.runs.solved for key, item in table.items()}
        with_change, without = _pairs(runs, effect, names)
        assert without.tolist() == found[0]
        assert with_change.tolist() == found[1]


def test_the_average_and_the_change_alone_are_both_told():
    # Alone A helps no seed; beside B it helps them all.
    change = next(v for v in judged(study_of("A", "B"), {("A", "B"): 1.0}) if v.topic == "change")
    assert change.outcome == "upheld"
    assert change.sentence.startswith("A helps Net 1: +50.0 points (")
    assert ", averaged over all combinations of the other changes. Made alone, " in change.sentence
    same = next(v for v in judged(study_of("A", "B"), {("A",): 1.0, ("A", "B"): 1.0}) if v.topic == "change")
    assert same.outcome == "upheld"
    assert "alone" not in same.sentence


def test_a_change_of_the_number_of_parameters_is_told():
    study = msgspec.structs.replace(
        study_of("D", **SAME), changes=(Change.from_dict("W", {"network": {"output_bias": False}}),)
    )
    verdict = judged(study, {})[0]
    assert (verdict.topic, verdict.outcome) == ("parameters", "refuted")
    assert verdict.sentence == (
        "The networks differ in trainable parameters: Net 1 has 13, Net 1:W has 12, Net 2 has 13, "
        "Net 2:W has 12."
    )


def test_vanishing_is_compared_with_the_same_cell_of_the_other_networks():
    study = study_of("A", **TWO)

    def make(cell: Cell):
        # Of 100 runs these fail; Net 1's gradients vanish with A only.
        failures = {"Net 1": {(): 40, ("A",): 30}, "Net 2": {(): 30, ("A",): 20}}[cell.network][cell.changes]
        gradient = 0.1 if (cell.network, cell.changes) == ("Net 1", ()) else 0.0
        solved = flags((failures, False), (100 - failures, True))
        return runs_of(cell.experiment, solved, gradient=gradient, last_gradient=0.1)

    cells = cells_of(study, make)
    before, after = (v for v in verdicts_of(study, cells, ()) if v.topic == "vanishing")
    assert before.sentence.endswith(
        " By the same rule the two shares are 0 % and 0 % of 40 failed runs of Net 1."
    )
    assert after.sentence.endswith(
        " By the same rule the two shares are 100 % and 0 % of 30 failed runs of Net 1."
    )
    some = [item for item in cells if item.cell.name != "Net 1:A"]
    assert "same rule" not in verdicts_of(study, some, ())[-2].sentence


def test_where_every_run_diverged_vanishing_is_not_asked():
    study = Study(baseline=TINY, ask=ALL)
    solved, lost = flags((2, True), (70, False)), flags((2, False), (70, True))
    cells = cells_of(study, lambda cell: runs_of(cell.experiment, solved, diverged=lost))
    assert [verdict.topic for verdict in verdicts_of(study, cells, ())] == ["predictions"]
