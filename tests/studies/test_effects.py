"""Effects against sums written out over the cells of the study, in the study's own order of cells."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from studies.made_up import TINY, cells_of, runs_of, study_of

from trainlab.spec import Cell, Study, study_from_dict
from trainlab.stats import holm
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import effects_of, factorial

NAMES = ("A", "B", "C")
SEEDS = 60
Key = tuple[str, tuple[str, ...]]


@pytest.fixture(scope="module")
def study() -> Study:
    return study_of(*NAMES, networks=("2-3-1", "2-2-1"))


@pytest.fixture(scope="module")
def solved(study: Study) -> dict[Key, npt.NDArray[np.bool_]]:
    """Every cell solves a share of its own, so that no two can be mistaken for one another."""
    generator = np.random.default_rng(7)
    shares = {(cell.network, cell.changes): generator.random() for cell in study.cells()}
    return {key: generator.random(SEEDS) < share for key, share in shares.items()}


@pytest.fixture(scope="module")
def cells(study: Study, solved: dict[Key, npt.NDArray[np.bool_]]) -> tuple[CellResult, ...]:
    return cells_of(study, lambda cell: runs_of(cell.experiment, solved[cell.network, cell.changes]))


def subsets(without: tuple[str, ...]) -> list[tuple[str, ...]]:
    rest = [name for name in NAMES if name not in without]
    return [subset for size in range(len(rest) + 1) for subset in combinations(rest, size)]


def with_(subset: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(name for name in NAMES if name in subset or name in more)


def test_factorial_puts_each_subset_on_its_own_axes(study: Study):
    # One seed a cell: the seed of cell i is solved in cell i only.
    network = study.network_names[0]
    own = [cell for cell in study.cells() if cell.network == network]
    table = {(network, cell.changes): np.arange(len(own)) == i for i, cell in enumerate(own)}
    crossed = factorial(table, network, study.change_names)
    assert crossed is not None
    assert crossed.shape == (len(own), 2, 2, 2)
    for i, cell in enumerate(own):
        index = tuple(int(name in cell.changes) for name in NAMES)
        assert np.argwhere(crossed[i]).tolist() == [list(index)]


def test_factorial_needs_every_cell_and_a_change(study: Study):
    network = study.network_names[0]
    table = {
        (network, cell.changes): np.ones(2, dtype=np.bool_)
        for cell in study.cells()
        if cell.changes != ("A", "C")
    }
    assert factorial(table, network, study.change_names) is None
    assert factorial({(network, ()): np.ones(2, dtype=np.bool_)}, network, ()) is None


def test_alone_and_main_effects_are_the_sums_over_cells(study: Study, cells, solved):
    rate = {key: float(values.mean()) for key, values in solved.items()}
    effects, _ = effects_of(study, cells)
    assert [(e.network, e.change) for e in effects] == [(n, c) for n in study.network_names for c in NAMES]
    for effect in effects:
        net, name = effect.network, effect.change
        assert effect.alone is not None
        assert effect.main is not None
        assert effect.alone.value.estimate == pytest.approx(rate[net, (name,)] - rate[net, ()])
        main = np.mean([rate[net, with_(s, name)] - rate[net, s] for s in subsets((name,))])
        assert effect.main.value.estimate == pytest.approx(main)
        assert effect.main.value.n == SEEDS


def test_interactions_are_the_sums_over_cells(study: Study, cells, solved):
    rate = {key: float(values.mean()) for key, values in solved.items()}
    _, interactions = effects_of(study, cells)
    pairs = [(n, pair) for n in study.network_names for pair in combinations(NAMES, 2)]
    assert [(item.network, item.changes) for item in interactions] == pairs
    for item in interactions:
        net, (a, b) = item.network, item.changes
        expected = np.mean(
            [
                rate[net, with_(s, a, b)] - rate[net, with_(s, a)] - rate[net, with_(s, b)] + rate[net, s]
                for s in subsets((a, b))
            ]
        )
        assert item.effect.value.estimate == pytest.approx(expected)


def test_holm_runs_over_each_family_of_all_networks(study: Study, cells):
    effects, interactions = effects_of(study, cells)
    families = (
        [effect.alone for effect in effects],
        [effect.main for effect in effects],
        [item.effect for item in interactions],
    )
    for family in families:
        read = [member for member in family if member is not None]
        assert len(read) == 6
        expected = holm(np.array([member.value.p for member in read]))
        assert [member.p_adjusted for member in read] == pytest.approx(expected.tolist())
        small = holm(np.array([member.value.p_small for member in read]))
        assert [member.p_small_adjusted for member in read] == pytest.approx(small.tolist())
    # Made-up data of such different cells must show something, and not everything.
    assert {member.reading for family in families for member in family if member} > {"no difference seen"}


def test_the_order_of_the_cells_is_irrelevant(study: Study, cells):
    assert effects_of(study, cells[::-1]) == effects_of(study, cells)


def keep(cells: tuple[CellResult, ...], *names: str) -> list[CellResult]:
    return [item for item in cells if item.cell.name in names]


def test_with_two_cells_only_the_effect_alone_is_left(study: Study, cells):
    effects, interactions = effects_of(study, keep(cells, "Net 1:none", "Net 1:B"))
    assert [(effect.network, effect.change) for effect in effects] == [("Net 1", "B")]
    assert effects[0].alone is not None
    assert effects[0].main is None
    assert effects[0].to_dict()["main"] is None
    assert interactions == ()


def test_a_family_left_smaller_is_corrected_as_smaller(study: Study, cells):
    effects, _ = effects_of(study, keep(cells, "Net 1:none", "Net 1:B"))
    assert effects[0].alone is not None
    assert effects[0].alone.p_adjusted == effects[0].alone.value.p


def test_without_the_baseline_or_a_whole_factorial_nothing_is_left(study: Study, cells):
    assert effects_of(study, keep(cells, "Net 1:A", "Net 1:B", "Net 1:A+B")) == ((), ())


def test_one_complete_network_keeps_all_its_effects(study: Study, cells):
    effects, interactions = effects_of(study, [item for item in cells if item.cell.network == "Net 2"])
    assert [effect.change for effect in effects if effect.main and effect.alone] == list(NAMES)
    assert len(interactions) == 3


def test_one_change_alone_is_its_main_effect_and_has_no_interaction():
    study = study_of("A")

    def make(cell: Cell):
        return runs_of(cell.experiment, np.arange(20) < (12 if cell.changes else 5))

    effects, interactions = effects_of(study, cells_of(study, make))
    assert effects[0].alone is not None
    assert effects[0].main is not None
    assert effects[0].alone.value == effects[0].main.value
    assert effects[0].main.value.estimate == pytest.approx(7 / 20)
    assert interactions == ()


def test_as_json_has_them(study: Study, cells):
    effects, interactions = effects_of(study, cells)
    data = effects[0].to_dict()
    assert list(data) == ["network", "change", "alone", "main", "last"]
    for value in (data["alone"], data["main"]):
        assert list(value) == ["estimate", "low", "high", "p_adjusted", "p_small_adjusted", "reading"]
    assert list(interactions[0].to_dict()) == [
        "network",
        "changes",
        "estimate",
        "low",
        "high",
        "p_adjusted",
        "p_small_adjusted",
        "reading",
    ]


def test_the_chart_says_of_an_effect_what_the_table_says():
    from trainlab.studies.result import _EMPHASIS

    words = {"helps": "helps", "hurts": "hurts", "small": "shown to be small", "none": "no difference seen"}
    assert {reading: words[emphasis] for reading, emphasis in _EMPHASIS.items()} == {
        reading: reading for reading in words.values()
    }


def test_what_intervenes_is_no_combination_that_another_change_is_averaged_over():
    names = {"A": {"optimizer": {"lr": 0.2}}, "B": {"loss": "l1"}, "even": {"gradient": "equalised"}}
    asked = study_from_dict(
        {
            "baseline": TINY.to_dict(),
            "changes": {name: {"set": edits} for name, edits in names.items()},
        }
    )
    generator = np.random.default_rng(3)
    share = {cell.changes: generator.random() for cell in asked.cells()}
    rate = {changes: (generator.random(SEEDS) < each).astype(np.bool_) for changes, each in share.items()}
    cells = cells_of(asked, lambda cell: runs_of(cell.experiment, rate[cell.changes]))
    mean = {changes: float(values.mean()) for changes, values in rate.items()}
    effects, interactions = effects_of(asked, cells)
    found = {effect.change: effect for effect in effects}
    main = {name: each.main.value.estimate for name, each in found.items() if each.main}
    last = {name: each.last.value.estimate for name, each in found.items() if each.last}
    of_a = mean[("A",)] - mean[()], mean[("A", "B")] - mean[("B",)]
    assert main["A"] == pytest.approx(sum(of_a) / 2)
    assert last["A"] == pytest.approx(of_a[1])
    # Of the intervention itself it is asked over all combinations of the others.
    over = [("A", "B"), ("A",), ("B",), ()]
    assert main["even"] == pytest.approx(np.mean([mean[(*made, "even")] - mean[made] for made in over]))
    both = {each.changes: each.effect.value.estimate for each in interactions}
    assert both["A", "B"] == pytest.approx(of_a[1] - of_a[0])
    assert set(both) == {("A", "B"), ("A", "even"), ("B", "even")}
