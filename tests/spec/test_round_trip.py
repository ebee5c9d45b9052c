from pathlib import Path

import pytest
from hypothesis import given, settings
from spec.strategies import EXPERIMENTS, studies

from trainlab.spec import (
    Experiment,
    Study,
    experiment_from_toml,
    experiment_to_toml,
    read_text,
    study_from_dict,
    study_from_toml,
    study_to_dict,
    study_to_toml,
)

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["xor44", "second_notebook"])
def test_an_example_is_written_back_without_loss(name: str):
    study = study_from_toml(read_text(EXAMPLES / f"{name}.toml"))
    again = study_from_toml(study_to_toml(study))
    assert again == study
    assert again.cells() == study.cells()
    assert study_to_toml(again) == study_to_toml(study)


@pytest.mark.computes
@settings(max_examples=60, deadline=None)
@given(EXPERIMENTS)
def test_an_experiment_comes_back_from_toml_and_from_plain_data(experiment: Experiment):
    again = experiment_from_toml(experiment_to_toml(experiment))
    assert again == experiment == Experiment.from_dict(experiment.to_dict())
    assert hash(again) == hash(experiment)
    assert again.fingerprint == experiment.fingerprint


@pytest.mark.computes
@settings(max_examples=40, deadline=None)
@given(studies())
def test_a_study_comes_back_from_toml_and_from_plain_data(study: Study):
    again = study_from_toml(study_to_toml(study))
    assert again == study == study_from_dict(study_to_dict(study))
    assert hash(again) == hash(study)


def test_the_baseline_of_a_study_is_read_as_an_experiment():
    text = read_text(EXAMPLES / "xor44.toml")
    assert experiment_from_toml(text) == study_from_toml(text).cells()[0].experiment


def test_a_network_that_is_just_the_baseline_comes_back():
    study = study_from_toml('[baseline]\nnetwork = "2-3-1"\n[networks.same]\n')
    assert study_from_toml(study_to_toml(study)) == study
    assert study.experiment("same") == study.baseline


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path):
    file = tmp_path / "study.toml"
    file.write_bytes(b"\xef\xbb\xbf" + (EXAMPLES / "xor44.toml").read_bytes())
    assert read_text(file) == read_text(EXAMPLES / "xor44.toml")
