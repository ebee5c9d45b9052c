from __future__ import annotations

import pytest
from web.experiments import sent, xor

import trainlab
from trainlab import Experiment, TrainlabError
from trainlab.errors import lacking
from trainlab.web.answers import why
from trainlab.web.answers.why import answer_why
from trainlab.web.questions import Limits, Why


def asked(*, seeds: int = 12, runs: int = 1, **changes: object):
    return sent(answer_why(Why(experiment=xor(**changes), seeds=seeds, runs=runs), Limits()))


@pytest.mark.trains
def test_runs_are_blamed_as_trainlab_run_blames_them():
    changes = {"network": "2-1-1", "epochs": 40}
    frames = asked(runs=2, **changes)
    header, arrays = frames[-1]
    own = trainlab.run(Experiment.from_dict(xor(**changes)), seeds=12, why=2, workers=1).cells[0].why
    assert own is not None
    for name, value in own.to_dict().items():
        if name != "causes":
            assert header[name] == value
    told = [{key: value for key, value in cause.items() if key != "words"} for cause in header["causes"]]
    assert told == own.to_dict()["causes"]
    assert header["n"] == 12
    assert header["of"] == own.looked_into
    assert [header["last"] for header, _ in frames] == [False] * (len(frames) - 1) + [True]
    assert next(header["looked_into"] for header, _ in frames) == 1
    assert header["sentence"].startswith(f"Of {own.looked_into} failed runs looked into: ")
    assert arrays == {}


def test_where_none_failed_none_is_looked_into():
    ((header, _),) = asked(solved={"within": 10})
    assert header["sentence"] == "No run failed."
    assert header["failed"] == header["looked_into"] == 0


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(why, "has_torch", lambda: False)
    with pytest.raises(TrainlabError) as caught:
        asked()
    assert str(caught.value) == lacking("why", "PyTorch", extra="torch")
