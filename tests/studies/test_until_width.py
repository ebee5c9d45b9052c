"""Seeds added until every interval is narrow: the same runs as of a plain study, none trained twice."""

import re
import signal
from pathlib import Path

import numpy as np
import pytest
from studies.made_up import TINY

from trainlab import Change, Experiment, Study, StudyResult, study
from trainlab.errors import DemandError, SpecError
from trainlab.execution import Interrupted, Progress
from trainlab.execution.demand import demand_of
from trainlab.stats import look_sizes

WIDTH = 0.4
PLAN = Study(
    baseline=Experiment.from_dict({**TINY.to_dict(), "epochs": 60}),
    changes=(Change.from_dict("A", {"epochs": 120}),),
    seeds=8,
)


def cells(result: StudyResult) -> list[dict[str, object]]:
    return [item.to_dict() for item in result.cells]


@pytest.fixture(scope="module")
def narrow() -> StudyResult:
    return study(PLAN, until_width=WIDTH, workers=1)


def test_all_cells_get_as_many_seeds_as_the_widest_interval_needs(narrow: StudyResult):
    until = narrow.until
    assert until is not None
    assert until.reached
    widths = {item.cell.name: item.solved.high - item.solved.low for item in narrow.cells}
    assert until.widest == max(widths.values()) <= WIDTH
    assert until.where == max(widths, key=widths.__getitem__)
    assert {item.solved.n for item in narrow.cells} == {until.seeds} == {narrow.how.seeds}
    assert until.seeds == look_sizes(WIDTH, least=8, most=10**5)[until.looks - 1]
    # No look before would have done.
    fewer = study(PLAN, seeds=look_sizes(WIDTH, least=8, most=10**5)[until.looks - 2], workers=1)
    assert max(item.solved.high - item.solved.low for item in fewer.cells) > WIDTH


def test_the_runs_are_those_of_a_study_with_that_number(narrow: StudyResult):
    assert cells(study(PLAN, seeds=narrow.how.seeds, workers=1)) == cells(narrow)
    assert narrow.how.trained_steps == narrow.how.seeds * 120


def test_stopped_in_mid_study_it_goes_on_where_it_was(tmp_path: Path, narrow: StudyResult):
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if progress.ahead and progress.chunks_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study(PLAN, until_width=WIDTH, store=tmp_path, workers=1, on_progress=stop)
    assert re.fullmatch(r"[\d.]+ points wide, 40 points asked for: about \d+ seeds", seen[-1].ahead)
    again = study(PLAN, until_width=WIDTH, store=tmp_path, workers=1)
    assert cells(again) == cells(narrow)
    assert 0 < again.how.trained_steps < narrow.how.trained_steps
    assert study(PLAN, until_width=WIDTH, store=tmp_path, workers=1).how.trained_steps == 0
    assert study(PLAN, until_width=WIDTH, store=tmp_path, fresh=True).how.trained_steps == 24 * 120


def test_the_most_seeds_are_a_bound_and_what_would_do_is_said():
    result = study(PLAN, until_width=0.3, max_seeds=25, workers=1)
    assert result.until is not None
    assert not result.until.reached
    assert result.how.seeds == 25
    assert result.until.sentence.count(" wide") == 1
    assert "is still" in str(result.until.short)
    assert "not 30 points: 25 seeds are the most that were allowed (--max-seeds); about" in result.until.short
    assert result.to_dict()["until_width"]["reached"] is False


def test_numpys_widths_are_numbers():
    result = study(PLAN, until_width=np.float32(0.5), workers=1)
    assert '"width": 0.5,' in result.to_json()


def test_results_that_will_not_fit_into_memory_are_refused_before_they_are_trained(
    monkeypatch: pytest.MonkeyPatch,
):
    told: list[Progress] = []
    room = 1.5 * demand_of(PLAN.cells()[1].experiment, range(12), engine="fast").bytes
    monkeypatch.setattr("trainlab.execution.demand.available_memory", lambda: room)
    with pytest.raises(DemandError, match=r"The results of 24 runs would take .* lower seeds\."):
        study(PLAN, until_width=WIDTH, workers=1, on_progress=told.append)
    assert told == []


def test_of_a_study_with_all_its_seeds_no_width_is_told():
    assert study(PLAN, seeds=2, workers=1).to_dict()["until_width"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"until_width": 2.0}, r"until_width = 2\.0: must be a finite number > 0\.0 and < 1\.0"),
        ({"until_width": 0.0}, "until_width"),
        ({"until_width": 0.1, "max_seeds": 0}, "max_seeds"),
        (
            {"until_width": 0.9, "max_seeds": 7},
            r"max_seeds = 7: is less than the 8 seeds that each cell gets at least; raise it, or lower",
        ),
        (
            {"until_width": 0.02, "max_seeds": 300},
            r"until_width = 0\.02: its first look comes after 378 seeds, but max_seeds = 300; allow more",
        ),
    ],
)
def test_refuses_what_cannot_be_reached(options: dict[str, float], message: str):
    with pytest.raises(SpecError, match=message):
        study(PLAN, **options)  # pyright: ignore[reportArgumentType]


def test_ctrl_c_at_the_end_of_a_look_begins_no_other(narrow: StudyResult):
    told: list[Progress] = []

    def press(now: Progress) -> None:
        told.append(now)
        if now.chunks_done == now.chunks_total and not now.stopping:
            signal.raise_signal(signal.SIGINT)

    assert narrow.until is not None
    assert narrow.until.looks > 1
    with pytest.raises(Interrupted, match=r"stopped after 0 of \d+ chunks"):
        study(PLAN, until_width=WIDTH, workers=1, on_progress=press)
    assert (told[-1].runs_done, told[-1].stopping) == (0, True)
