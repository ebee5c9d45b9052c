import time

import pytest

from trainlab.errors import SpecError
from trainlab.spec import MSE, SGD, Adam, Change, Edit, Experiment, NamedNetwork, Network, Study, Uniform

PLAIN = Experiment.from_dict(
    {
        "network": "2-3-1",
        "optimizer": {"name": "sgd", "lr": 0.02, "momentum": 0.9},
        "init": {"weight": "uniform"},
    }
)


def test_the_assignment_is_96_cells_of_44_parameters(xor44: Study):
    cells = xor44.cells()
    assert len(cells) == 96
    assert len({cell.experiment.fingerprint for cell in cells}) == 96
    assert {cell.experiment.network.parameters for cell in cells} == {44}
    assert xor44.network_names == ("Model 1", "Model 2", "Model 3")
    assert xor44.change_names == ("A", "B", "C", "D", "E")


def test_cells_come_by_network_then_by_number_of_changes_and_are_named(xor44: Study):
    names = [cell.name for cell in xor44.cells()]
    assert names[:8] == [
        "Model 1:none",
        *(f"Model 1:{letter}" for letter in "ABCDE"),
        "Model 1:A+B",
        "Model 1:A+C",
    ]
    assert names[31] == "Model 1:A+B+C+D+E"
    assert names[-1] == "Model 3:A+B+C+D+E"


def test_each_change_of_the_assignment_changes_what_it_says(xor44: Study):
    before = xor44.experiment("Model 1")
    assert before.optimizer == SGD(lr=0.02, momentum=0.9)
    after = {name: xor44.experiment("Model 1", (name,)) for name in "ABCDE"}
    assert after["A"].optimizer == Adam(lr=0.02)
    assert after["B"].loss == MSE()
    assert after["C"].network.activations == ("sigmoid",) * 3
    assert after["D"].epochs == 2001
    assert after["E"].network.activations == ("tanh", "tanh", "linear")


def test_sigmoid_leaves_the_last_activation_removed(xor44: Study):
    assert xor44.experiment("Model 3", ("C", "E")).network.activations == ("sigmoid",) * 7 + ("linear",)


def test_changes_apply_in_the_order_of_the_study_whatever_the_order_asked(xor44: Study):
    study = Study(
        baseline=PLAIN,
        changes=(Change.from_dict("first", {"epochs": 5}), Change.from_dict("later", {"epochs": 9})),
    )
    assert study.experiment("2-3-1", ("first", "later")).epochs == 9
    assert study.experiment("2-3-1", ("later", "first")).epochs == 9
    assert xor44.experiment("Model 2", ("E", "A")) == xor44.experiment("Model 2", ("A", "E"))


def test_within_a_change_the_later_edit_wins():
    change = Change(name="x", edits=(Edit(path="epochs", value=5), Edit(path="epochs", value=9)))
    assert change.apply(PLAIN).epochs == 9
    assert change.edits == (Edit(path="epochs", value=9),)


def test_the_order_of_edits_of_different_fields_means_nothing():
    one = Change.from_dict("x", {"loss": "l1", "optimizer": {"lr": 1, "momentum": 0.5}})
    two = Change.from_dict("x", {"optimizer": {"momentum": 0.5, "lr": 1}, "loss": "l1"})
    assert one == two
    assert hash(one) == hash(two)


def test_a_part_edited_with_its_name_starts_from_that_kinds_defaults():
    named = Change.from_dict("x", {"optimizer": {"name": "sgd", "lr": 0.5}}).apply(PLAIN)
    assert named.optimizer == SGD(lr=0.5, momentum=0.0)
    assert Change.from_dict("x", {"optimizer": "sgd"}).apply(PLAIN).optimizer == SGD()
    assert Change.from_dict("x", {"init": {"weight": {"name": "uniform", "a": -1}}}).apply(
        PLAIN
    ).init.weight == Uniform(a=-1.0, b=1.0)


def test_a_part_edited_without_its_name_keeps_its_other_fields():
    assert Change.from_dict("x", {"optimizer": {"lr": 0.5}}).apply(PLAIN).optimizer == SGD(
        lr=0.5, momentum=0.9
    )
    edited = Change.from_dict("x", {"init": {"weight": {"a": -2}}}).apply(PLAIN)
    assert edited.init.weight == Uniform(a=-2.0, b=1.0)
    assert edited.init.bias == PLAIN.init.bias
    wider = Change.from_dict("x", {"network": {"widths": "2-9-1"}}).apply(PLAIN)
    assert wider.network == Network(widths=(2, 9, 1))


def test_applying_a_change_leaves_the_experiment_as_it_was():
    before = PLAIN.fingerprint
    Change.from_dict("x", {"epochs": 1, "optimizer": "adam"}).apply(PLAIN)
    assert PLAIN.fingerprint == before


def test_a_study_without_networks_has_its_baselines(xor44: Study):
    study = Study(baseline=PLAIN)
    assert study.network_names == ("2-3-1",)
    assert [cell.name for cell in study.cells()] == ["2-3-1:none"]


def test_an_unknown_network_or_change_is_named_with_its_neighbour(xor44: Study):
    with pytest.raises(SpecError) as error:
        xor44.experiment("Modell 1")
    assert str(error.value) == (
        "network 'Modell 1': the study has no such network; it has 'Model 1', 'Model 2' or 'Model 3'. "
        "Did you mean 'Model 1'?"
    )
    with pytest.raises(SpecError) as error:
        xor44.experiment("Model 1", ("A", "F"))
    assert str(error.value) == ("change 'F': the study has no such change; it has 'A', 'B', 'C', 'D' or 'E'.")
    with pytest.raises(SpecError, match="it has none"):
        Study(baseline=PLAIN).experiment("2-3-1", ("A",))


@pytest.mark.parametrize("name", ["a:b", "a+b", "", "  ", "a\nb", "\x1b[31m", "a\tb"])
def test_a_name_that_a_cell_could_not_be_written_with_is_refused(name: str):
    change = Change.from_dict(name, {"epochs": 2})
    with pytest.raises(SpecError, match="a name must not be empty or contain") as error:
        Study(baseline=PLAIN, changes=(change,))
    assert str(error.value).isprintable()
    with pytest.raises(SpecError, match="a name must not be empty or contain"):
        Study(baseline=PLAIN, networks=(NamedNetwork(name=name),))


def test_a_change_named_none_would_be_mistaken_for_no_change():
    with pytest.raises(SpecError, match="stands for the cell without changes"):
        Study(baseline=PLAIN, changes=(Change.from_dict("none", {"epochs": 2}),))


def test_names_must_differ():
    change = Change.from_dict("A", {"epochs": 2})
    with pytest.raises(SpecError, match="change 'A' appears twice"):
        Study(baseline=PLAIN, changes=(change, change))
    with pytest.raises(SpecError, match="network 'N' appears twice"):
        Study(baseline=PLAIN, networks=(NamedNetwork(name="N"), NamedNetwork(name="N")))


def test_more_changes_than_can_be_crossed_are_refused():
    changes = tuple(Change.from_dict(f"c{number}", {"epochs": number + 1}) for number in range(13))
    with pytest.raises(SpecError, match=r"13 changes make 2 \*\* 13 cells a network; at most 12"):
        Study(baseline=PLAIN, changes=changes)


def test_a_change_without_edits_is_refused():
    with pytest.raises(SpecError, match="must set at least one field"):
        Change.from_dict("A", {"optimizer": {}})


def test_a_change_or_experiment_nested_without_end_is_refused():
    deep: dict[str, object] = {}
    deep["network"] = deep
    with pytest.raises(SpecError, match="nested too deeply: at most 16"):
        Change.from_dict("A", deep)
    with pytest.raises(SpecError, match="nested too deeply: at most 16"):
        Experiment.from_dict(deep)


def test_the_number_of_cells_has_a_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("trainlab.spec.study.MAX_CELLS", 7)
    networks = tuple(NamedNetwork(name=name) for name in "ab")
    changes = tuple(Change.from_dict(name, {"epochs": 3}) for name in "AB")
    with pytest.raises(SpecError, match=r"2 networks with 2 \*\* 2 sets of changes are 8 cells; at most 7"):
        Study(baseline=PLAIN, networks=networks, changes=changes)
    monkeypatch.setattr("trainlab.spec.study.MAX_EXPERIMENTS", 5)
    with pytest.raises(SpecError, match="splits = 3: 2 cells on each are 6 experiments; at most 5"):
        Study(baseline=PLAIN, networks=networks, splits=3)


@pytest.mark.computes
def test_checks_are_linear_in_the_number_of_networks():
    """16,000 names took two minutes when each was counted among all; now they take about two seconds."""
    names = tuple(NamedNetwork(name=f"network {number:,}") for number in range(16_000))
    started = time.process_time()
    Study(baseline=PLAIN, networks=names)
    assert time.process_time() - started < 20
