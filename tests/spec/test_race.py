"""The [race] table: read strictly, crossed, and written back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.errors import SpecError
from trainlab.spec import (
    CosineAnnealingLR,
    Default,
    Experiment,
    Lion,
    Orthogonal,
    study_from_toml,
    study_to_toml,
)
from trainlab.spec.field_paths import check_path
from trainlab.spec.race import MAX_CANDIDATES, Race, race_from_dict, race_to_dict

BASE = Experiment.from_dict({"network": "2-3-1", "optimizer": {"name": "adam", "lr": 0.05}})
HEAD = '[baseline]\nnetwork = "2-3-1"\n[race]\n'


def race(text: str) -> Race:
    made = study_from_toml(HEAD + text).race
    assert made is not None
    return made


def variants(text: str, base: Experiment = BASE) -> dict[str, Experiment]:
    return dict(race(text).variants(base))


def test_fields_are_crossed_the_last_fastest() -> None:
    found = variants(
        '"optimizer.lr" = [0.001, 0.1]\n"network.activation" = ["tanh", "relu"]\nepochs = [10, 20]'
    )
    assert list(found)[:3] == [
        "epochs 10, lr 0.001, activation tanh",
        "epochs 10, lr 0.001, activation relu",
        "epochs 10, lr 0.1, activation tanh",
    ]
    assert len(found) == 8
    made = found["epochs 20, lr 0.1, activation relu"]
    assert (made.epochs, made.optimizer.lr, made.network.activation) == (20, 0.1, "relu")
    assert made.optimizer == BASE.optimizer.__class__(lr=0.1)


def test_a_nested_table_is_the_same_as_a_dotted_name() -> None:
    assert race("[race.optimizer]\nlr = [0.1, 1]") == race('"optimizer.lr" = [0.1, 1]')
    assert race("optimizer.lr = [0.1, 1]") == race('"optimizer.lr" = [0.1, 1]')


def test_parts_are_set_before_their_fields_in_whichever_order() -> None:
    found = variants('"optimizer.lr" = [0.1, 0.2]\noptimizer = ["sgd", { name = "adam", eps = 1e-6 }]')
    assert list(found) == [
        "optimizer sgd, lr 0.1",
        "optimizer sgd, lr 0.2",
        "optimizer adam(eps 1e-06), lr 0.1",
        "optimizer adam(eps 1e-06), lr 0.2",
    ]
    assert found["optimizer adam(eps 1e-06), lr 0.2"].optimizer.eps == 1e-6
    assert found["optimizer sgd, lr 0.2"].optimizer.__struct_config__.tag == "sgd"


def test_a_name_makes_its_part_anew_before_its_fields_are_set() -> None:
    found = variants('"optimizer.lr" = [0.1, 0.2]\n"optimizer.name" = ["sgd", "lion"]')
    names = [
        "optimizer sgd, lr 0.1",
        "optimizer sgd, lr 0.2",
        "optimizer lion, lr 0.1",
        "optimizer lion, lr 0.2",
    ]
    assert list(found) == names
    assert found["optimizer lion, lr 0.2"].optimizer == Lion(lr=0.2)


def test_every_part_of_several_kinds_can_race_by_its_name() -> None:
    found = variants(
        '"schedule.name" = ["constant", "cosine_annealing"]\n'
        '"init.weight.name" = ["orthogonal", "lecun_normal"]\n'
        'loss = ["huber", "bce_with_logits"]\n'
        'sampling = ["full", { name = "batch", batch_size = 2 }]'
    )
    assert len(found) == 16
    assert len({experiment.fingerprint for experiment in found.values()}) == 16
    name = "schedule cosine_annealing, loss huber, sampling batch(batch_size 2), weight orthogonal"
    assert isinstance(found[name].schedule, CosineAnnealingLR)
    with pytest.raises(
        SpecError, match=r"^race, schedule step: schedule\.step_size: this field is required\.$"
    ):
        variants('"schedule.name" = ["constant", "step"]')


def test_entries_of_lists_can_race() -> None:
    layers = Experiment.from_dict({**BASE.to_dict(), "init": {"weight": ["default", "orthogonal"]}})
    found = variants('"network.widths.1" = [3, 5]\n"init.weight.1.gain" = [1, 2]', layers)
    assert list(found)[-1] == "widths.1 5, gain 2"
    assert found["widths.1 5, gain 2"].network.widths == (2, 5, 1)
    assert found["widths.1 5, gain 2"].init.weight == (Default(), Orthogonal(gain=2))
    with pytest.raises(
        SpecError, match=r"race, widths\.7 1: network\.widths\.7: network\.widths lists 3 values"
    ):
        variants('"network.widths.7" = [1, 2]')


def test_names_are_as_short_as_they_can_be_told_apart() -> None:
    found = variants(
        '"init.weight.name" = ["default"]\n"init.bias.name" = ["default"]\n"loss" = ["l1", "mse"]'
    )
    assert next(iter(found)) == "loss l1, weight default, bias default"


def test_networks_and_lists_can_race() -> None:
    found = variants('network = ["2-2-1", { widths = "2-4-1", activation = ["relu", "linear"] }]')
    assert list(found) == ["network 2-2-1", "network (widths 2-4-1, activation [relu, linear])"]
    assert found["network 2-2-1"].network.widths == (2, 2, 1)
    assert list(found.values())[1].network.activations == ("relu", "linear")


def test_a_study_has_no_race_unless_it_says_so_and_its_cells_do_not_depend_on_it() -> None:
    plain, racing = study_from_toml('[baseline]\nnetwork = "2-3-1"'), study_from_toml(HEAD + "changes = true")
    assert plain.race is None
    assert racing.race == Race(changes=True)
    assert plain.cells() == racing.cells()


VALUES = st.one_of(st.floats(0.001, 1), st.integers(1, 9), st.booleans(), st.sampled_from(["tanh", "a b"]))


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["optimizer.lr", "epochs", "network", "init.weight.std", "optimizer"]),
        st.lists(VALUES, min_size=1, max_size=4, unique_by=lambda value: str(value).lower()),
        min_size=1,
    ),
    st.booleans(),
)
def test_a_race_is_written_back_without_loss(table: dict[str, list[object]], changes: bool) -> None:
    try:
        made = race_from_dict({"changes": changes, **table})
    except SpecError:
        # 0.5 and 0.5000001 are written alike; that is refused.
        return
    assert race_from_dict(race_to_dict(made)) == made


def test_a_study_with_a_race_is_written_back_without_loss() -> None:
    study = study_from_toml(HEAD + 'changes = true\n"optimizer" = ["sgd", { name = "adam", lr = 0.1 }]')
    assert study_from_toml(study_to_toml(study)) == study


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'race: names nothing to race; list a field\'s values, as in "optimizer.lr" = [0.01, 0.1], or '
        "set changes = true."),
        ("changes = false", "race: names nothing to race; "),
        ("changes = 1", "race.changes = 1: must be true, to race the study's own cells, or false."),
        ('"optimizer.lr" = []', "race.optimizer.lr = []: must list at least one value."),
        ('"optimizer.lr" = 0.1', "race.optimizer.lr = 0.1: must be a list of the values that race."),
        ('"optimizer.lrr" = [1]', "race.optimizer.lrr: unknown field; known are 'name', 'lr', "),
        ('"optimizer.lrr" = [1]', "Did you mean 'lr'?"),
        ('"optimiser.lr" = [1]', "race.optimiser: unknown field; known are "),
        ('"optimiser.lr" = [1]', "Did you mean 'optimizer'?"),
        ('"epochs.x" = [1]', "race.epochs.x: epochs is a single value and has no fields."),
        ('"optimizer.lr" = [0.1, 0.10]', "race.optimizer.lr: lists 0.1 twice; list each value once."),
        ('"optimizer.lr" = [0.1]\noptimizer.lr = [0.2]', "race.optimizer.lr: appears twice; "),
        ('optimizer = ["sgd"]\n"optimizer.name" = ["adam"]', "race.optimizer: appears twice; "),
        ("optimizer = [{}]", "race.optimizer: the value {} sets nothing; leave it out."),
        ("epochs = [1979-05-27]", "race.epochs = datetime.date(1979, 5, 27): must be a number, text, "),
    ],
)  # fmt: skip
def test_a_fault_is_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        race(text)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_too_many_combinations_are_refused_before_any_is_made() -> None:
    lines = [
        f"{name} = {list(range(1, 101))}" for name in ("epochs", '"record.loss_every"', '"solved.within"')
    ]
    with pytest.raises(SpecError) as caught:
        race("\n".join(lines))
    assert f"values make more than {MAX_CANDIDATES:,} combinations" in str(caught.value)


def test_a_combination_that_can_not_be_carried_out_is_named() -> None:
    with pytest.raises(SpecError, match=r"race, optimizer sgd, eps 0\.1: optimizer\.eps: unknown field"):
        variants('optimizer = ["adam", "sgd"]\n"optimizer.eps" = [0.1, 0.2]')
    with pytest.raises(SpecError, match=r"race, lr -1: optimizer\.lr = -1"):
        variants('"optimizer.lr" = [0.1, -1]')


def test_every_path_of_an_experiment_is_known() -> None:
    for path in (
        *("task", "network", "network.widths", "init.weight", "init.weight.std", "optimizer.betas"),
        *("optimizer.momentum", "sampling.steps_per_epoch", "solved.within", "record.loss_every"),
    ):
        check_path(path)
