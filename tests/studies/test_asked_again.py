"""What the store keeps of a question is enough to ask it again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trainlab import budget
from trainlab.spec import study_from_dict, study_from_toml
from trainlab.store import Store
from trainlab.studies import map_plane, race, study
from trainlab.studies.maps.question import Question, ask
from trainlab.studies.race import RaceQuestion

TOML = """
title = "Mine"
seeds = 2
[baseline]
network = "2-2-1"
epochs = 4
[changes.A]
set.optimizer.lr = 0.1
[race]
"optimizer.lr" = [0.01, 0.1]
"""
PLAN = study_from_toml(TOML)


def kept(folder: Path) -> dict[str, object]:
    with Store.open(folder) as store:
        (one,) = store.studies()
    assert one.question is not None
    return one.question


def test_a_study_keeps_its_file(tmp_path: Path) -> None:
    study(PLAN, store=tmp_path, workers=1, engine="reference", only=["2-2-1:none"])
    assert study_from_dict(kept(tmp_path)) == PLAN


def test_a_race_keeps_who_raced_and_how_far(tmp_path: Path) -> None:
    race(PLAN, store=tmp_path, workers=1, engine="reference", seeds=1, max_seeds=2, cell=":A")
    asked = RaceQuestion.from_dict(kept(tmp_path))
    assert asked == RaceQuestion(plan=PLAN, cell=":A", seeds=1, max_seeds=2)


def test_a_race_of_networks_comes_back_from_json() -> None:
    networks = budget(9, inputs=2, outputs=1, max_depth=2)
    asked = RaceQuestion(
        plan=PLAN, networks=networks, draw=2, draw_seed=3, seeds=1, max_seeds=2, budget_seeds=99
    )
    again = RaceQuestion.from_dict(msgspec.json.decode(msgspec.json.encode(asked.to_dict())))
    assert again == asked
    assert again.field() == asked.field()


def test_a_map_keeps_its_plane(tmp_path: Path) -> None:
    plane = {"x": "lr=0.01..1", "y": "epochs=1..2"}
    map_plane(PLAN, **plane, size=(2, 2), seeds=1, cell=":A", store=tmp_path, workers=1, engine="reference")
    question = dict(kept(tmp_path))
    assert question.pop("every_point") is False
    assert Question.from_dict(question) == ask(PLAN, **plane, size=(2, 2), seeds=1, cell=":A")
