import pytest

from trainlab.errors import SpecError
from trainlab.maths import ACTIVATIONS, INITS, LOSSES, OPTIMIZERS
from trainlab.spec import SGD, Adam, Constant, Default, Experiment, Network, Normal, Uniform

TABLES = {"activations": ACTIVATIONS, "losses": LOSSES, "inits": INITS, "optimizers": OPTIMIZERS}


def tags(*kinds: type) -> dict[str, type]:
    return {kind.__struct_config__.tag: kind for kind in kinds}  # type: ignore[attr-defined]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_an_entry_stands_under_its_own_name_with_formula_and_citation(table):
    assert all(name == entry.name and entry.formula and entry.citation for name, entry in table.items())


@pytest.mark.parametrize(
    "table", [ACTIVATIONS, LOSSES, OPTIMIZERS], ids=["activations", "losses", "optimizers"]
)
def test_codes_are_distinct(table):
    codes = [entry.code for entry in table.values()]
    assert len(set(codes)) == len(codes)


def test_the_tables_hold_what_a_spec_can_name_and_no_more():
    assert set(INITS) == set(tags(Normal, Uniform, Constant, Default))
    assert set(OPTIMIZERS) == set(tags(SGD, Adam))
    for name in ACTIVATIONS:
        assert Network(widths=(2, 1), activation=name).activations == (name,)
    for name in LOSSES:
        assert Experiment(network=Network(widths=(2, 1)), loss=name).loss == name
    with pytest.raises(SpecError, match="must be 'l1' or 'mse'"):
        Experiment(network=Network(widths=(2, 1)), loss="huber")


def test_the_assignments_part_one_and_second_notebook_are_covered():
    assert set(ACTIVATIONS) >= {"linear", "tanh", "sigmoid", "relu"}
    assert set(LOSSES) >= {"l1", "mse"}
