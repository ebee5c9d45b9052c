from __future__ import annotations

import json

import pytest
from web.experiments import sent, xor

import trainlab
from trainlab import Experiment, TrainlabError
from trainlab.report import cell_code
from trainlab.spec import experiment_from_toml, study_from_toml
from trainlab.web.answers.take_away import answer_take_away
from trainlab.web.questions import Limits, TakeAway

FORMS = ("pytorch", "toml", "json", "html")


def asked(form: str, *, seeds: int = 8, first_seed: int = 0, **changes: object):
    question = TakeAway(experiment=xor(**changes), form=form, seeds=seeds, first_seed=first_seed)
    ((header, arrays),) = sent(answer_take_away(question, Limits()))
    assert arrays == {}
    return header


def test_the_script_is_that_of_the_report():
    header = asked("pytorch", first_seed=7)
    assert header["text"] == cell_code(Experiment.from_dict(xor()), 7)
    assert header["name"] == "xor_2-3-1.py"
    compile(header["text"], header["name"], "exec")


def test_the_study_file_is_read_as_the_same_experiment():
    header = asked("toml", seeds=32)
    assert header["type"] == "application/toml"
    assert header["text"].startswith("# trainlab run xor_2-3-1.toml --seeds 32\n")
    assert experiment_from_toml(header["text"]) == Experiment.from_dict(xor())
    assert study_from_toml(header["text"]).seeds == 32
    assert header["sentence"] == "Train it: trainlab run xor_2-3-1.toml --seeds 32"


def test_json_is_that_of_trainlab_run():
    told = json.loads(asked("json")["text"])
    own = json.loads(trainlab.run(Experiment.from_dict(xor()), seeds=8).to_json())
    assert told["cells"] == own["cells"]


def test_a_long_network_makes_no_long_name():
    header = asked("pytorch", network="2-" + "2-" * 40 + "1")
    assert header["name"] == "xor_41_layers.py"


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_study_counts_seeds_from_zero(form: str):
    with pytest.raises(TrainlabError, match=r"^first_seed = 7: a study counts its seeds from 0; set it to 0"):
        asked(form, first_seed=7)


def test_a_study_file_says_where_the_page_s_seeds_began():
    text = asked("toml", first_seed=7)["text"]
    assert text.startswith(
        "# trainlab run xor_2-3-1.toml --seeds 8  # It counts seeds from 0; the page began at 7."
    )
    assert experiment_from_toml(text) == Experiment.from_dict(xor())


def test_the_report_is_a_page():
    header = asked("html")
    assert header["type"] == "text/html"
    assert header["text"].startswith("<!doctype html>")
    assert "2-3-1 on xor" in header["text"]
