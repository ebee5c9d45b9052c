import inspect
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any, get_args

import msgspec
import pytest

from trainlab.maths import (
    ACTIVATIONS,
    GAINS,
    INITS,
    LINKS,
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    plateau_step,
    schedule_curves,
    warmup_factors,
)
from trainlab.spec import Custom, InitScheme, Loss, Network, Optimizer, Schedule, Warmup
from trainlab.spec.network import Nonlinearity

TABLES = {
    "activations": ACTIVATIONS,
    "losses": LOSSES,
    "links": LINKS,
    "inits": INITS,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
}
TABULATED = tuple(kind for kind in get_args(Loss) if kind is not Custom)
"""The losses but one: a custom one is a function of the user's own, not a formula of the table."""
KINDS = {
    "losses": reduce(operator.or_, TABULATED),
    "inits": InitScheme,
    "optimizers": Optimizer,
    "schedules": Schedule,
}
CURVES = {
    "step": schedule_curves.step,
    "multi_step": schedule_curves.multi_step,
    "exponential": schedule_curves.exponential,
    "cosine_annealing": schedule_curves.cosine_annealing,
    "cosine_annealing_warm_restarts": schedule_curves.cosine_annealing_warm_restarts,
    "cyclic": schedule_curves.cyclic,
    "one_cycle": schedule_curves.one_cycle,
    "lambda": schedule_curves.multiplied,
    "multiplicative": schedule_curves.multiplicative,
    "reduce_on_plateau": plateau_step,
}


def tag(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]


def settings_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the keyword-only arguments with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}


def fields_of(kind: type) -> dict[str, Any]:
    """Return the fields of a part with their defaults."""
    fields = msgspec.structs.fields(kind)
    return {field.name: inspect.Parameter.empty if field.required else field.default for field in fields}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_an_entry_stands_under_its_own_name_with_formula_and_citation(table):
    assert all(name == entry.name and entry.formula and entry.citation for name, entry in table.items())


@pytest.mark.parametrize("name", ["activations", "losses", "links", "optimizers"])
def test_codes_count_from_0(name: str):
    assert [entry.code for entry in TABLES[name].values()] == list(range(len(TABLES[name])))


@pytest.mark.parametrize("name", KINDS)
def test_a_table_holds_what_a_spec_can_name_and_no_more(name: str):
    assert sorted(TABLES[name]) == sorted(tag(kind) for kind in get_args(KINDS[name]))


@pytest.mark.parametrize("kind", TABULATED, ids=tag)
def test_a_loss_takes_the_fields_of_its_kind_with_the_same_defaults(kind: type):
    entry = LOSSES[tag(kind)]
    assert settings_of(entry.value) == settings_of(entry.gradient) == fields_of(kind)


@pytest.mark.parametrize("kind", get_args(Optimizer), ids=tag)
def test_an_optimizer_takes_the_fields_of_its_kind_with_the_same_defaults(kind: type):
    # The learning rate is each step's own.
    given, wanted = settings_of(OPTIMIZERS[tag(kind)].step), fields_of(kind)
    assert given.pop("lr") is inspect.Parameter.empty
    assert wanted.pop("lr") > 0
    assert given == wanted


@pytest.mark.parametrize("kind", get_args(InitScheme), ids=tag)
def test_an_init_takes_the_fields_of_its_kind(kind: type):
    assert set(settings_of(INITS[tag(kind)].sample)) == set(fields_of(kind))


@pytest.mark.parametrize("kind", [kind for kind in get_args(Schedule) if tag(kind) in CURVES], ids=tag)
def test_a_schedule_takes_the_fields_of_its_kind_with_the_same_defaults(kind: type):
    wanted = fields_of(kind)
    assert wanted.pop("per", "epoch") == "epoch"
    wanted.pop("on", None)
    assert settings_of(CURVES[tag(kind)]) == wanted


def test_warm_up_takes_its_fields_with_the_same_defaults():
    given = settings_of(warmup_factors)
    assert {name: given[name] for name in fields_of(Warmup)} == fields_of(Warmup)


def test_every_activation_and_gain_can_be_named():
    for name, entry in ACTIVATIONS.items():
        activations = name if entry.elementwise else ("linear", name)
        network = Network(widths=(2, 2, 2), activation=activations)
        assert network.activations[-1] == name
    assert set(GAINS) == set(get_args(Nonlinearity))
