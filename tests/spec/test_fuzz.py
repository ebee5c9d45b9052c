"""Whatever a study file holds: it is a study, or SpecError says in one line why not; never anything else."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.errors import SpecError
from trainlab.spec import (
    Experiment,
    Study,
    read_text,
    study_from_dict,
    study_from_toml,
    study_to_dict,
    study_to_toml,
)

WORDS = [
    *(
        "title",
        "question",
        "seeds",
        "baseline",
        "networks",
        "changes",
        "label",
        "set",
        "network",
        "task",
        "init",
    ),
    *(
        "weight",
        "bias",
        "loss",
        "optimizer",
        "sampling",
        "epochs",
        "solved",
        "record",
        "name",
        "lr",
        "momentum",
    ),
    *(
        "betas",
        "eps",
        "within",
        "widths",
        "activation",
        "output_bias",
        "output_activation",
        "steps_per_epoch",
    ),
    *(
        "2-5-4-1",
        "2-3-1",
        "xor",
        "tanh",
        "adam",
        "sgd",
        "normal",
        "default",
        "single",
        "mse",
        "optimizer.lr",
        "",
        ".",
    ),
]
TEXTS = st.sampled_from(WORDS) | st.text(max_size=6)
LEAVES = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([10**30, 10**400, 1, 2]),
    st.dates(),
    st.times(),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=25,
)
GOOD = {"network": "2-3-1", "epochs": 5}


def study_or_complaint(read: Callable[[], Study]) -> Study | str:
    try:
        return read()
    except SpecError as error:
        return str(error)


def only_spec_errors(data: object) -> None:
    study = study_or_complaint(lambda: study_from_dict(data))  # type: ignore[arg-type]
    if isinstance(study, Study):
        assert all(len(cell.experiment.fingerprint) == 64 for cell in study.cells())
        assert study_from_dict(study_to_dict(study)) == study
    else:
        assert study.isprintable()


@pytest.mark.computes
@settings(max_examples=120, deadline=None)
@given(st.dictionaries(TEXTS, TREES, max_size=4))
def test_any_tables_are_a_study_or_a_spec_error(data: dict[str, object]):
    only_spec_errors(data)
    only_spec_errors({"baseline": data})


@pytest.mark.computes
@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(
        ["network", "init", "optimizer", "sampling", "solved", "record", "epochs", "task", "loss"]
    ),
    TREES,
)
def test_any_part_is_one_or_a_spec_error(part: str, tree: object):
    only_spec_errors({"baseline": {**GOOD, part: tree}})
    only_spec_errors({"baseline": GOOD, "changes": {"A": {"set": {part: tree}}}})
    only_spec_errors({"baseline": GOOD, "networks": {"N": tree}})
    with contextlib.suppress(SpecError):
        Experiment.from_dict({**GOOD, part: tree})


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_study_or_a_spec_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes):
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(raw)
    with pytest.raises(SpecError) as error:
        study_from_toml(read_text(file))
    assert "\n" not in str(error.value)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_study_file_with_a_piece_cut_out_or_doubled(xor44_text: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(xor44_text)))
    stop = data.draw(st.integers(start, min(len(xor44_text), start + 40)))
    piece = data.draw(st.sampled_from(["", xor44_text[start:stop] * 2, "[", '"', "=", "-1", "nan"]))
    result = study_or_complaint(lambda: study_from_toml(xor44_text[:start] + piece + xor44_text[stop:]))
    if isinstance(result, Study):
        assert study_from_toml(study_to_toml(result)) == result
    else:
        assert "\n" not in result
