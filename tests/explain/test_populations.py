"""How much is trained for an explanation, and how a section says that it was less than asked for."""

from __future__ import annotations

from typing import Any

import pytest

from trainlab.explain.options import with_note
from trainlab.explain.populations import MOST_WORK, Populations, work
from trainlab.page.section import Section
from trainlab.spec import Experiment


def experiment(**changes: Any) -> Experiment:
    return Experiment.from_dict({"network": "2-3-1", "epochs": 10, **changes})


@pytest.mark.parametrize(
    ("sampling", "seen"),
    [
        ("full", 4),
        ("single", 4),
        ({"name": "single", "steps_per_epoch": 7}, 7),
        ({"name": "batch", "batch_size": 2}, 4),
        ({"name": "batch", "batch_size": 100}, 4),
    ],
)
def test_work_counts_every_example_seen(sampling: Any, seen: int) -> None:
    one = experiment(sampling=sampling)
    assert work([one]) == 10 * seen * 13
    assert work([one, one]) == 2 * work([one])


@pytest.mark.parametrize(
    ("epochs", "asked", "trained"),
    [(10, 1000, 1000), (10**6, 1000, 192), (10**8, 1000, 20), (10**8, 5, 5), (10**6, 100, 100)],
)
def test_as_many_seeds_as_the_limit_allows_and_a_few_always(epochs: int, asked: int, trained: int) -> None:
    costly = experiment(epochs=epochs)
    assert Populations(seeds=asked).affordable([costly]) == trained
    assert Populations(seeds=1).affordable([costly], seeds=asked) == trained
    if 20 < trained < asked:
        assert trained * work([costly]) <= MOST_WORK < (trained + 1) * work([costly])


def test_all_populations_of_a_call_share_the_limit() -> None:
    costly = experiment(epochs=10**6)
    assert Populations(seeds=1000).affordable([costly] * 4) == 48
    assert Populations(seeds=1000).affordable([costly] * 400) == 20
    assert Populations(seeds=1000).affordable([costly] * 400, fewest=40) == 40


def test_fewer_are_trained_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.explain.populations.MOST_WORK", 30.0 * work([experiment()]))
    populations = Populations(seeds=50, engine="fast")
    (runs,) = populations.train([experiment()])
    assert len(runs.solved) == 30
    note = populations.note(len(runs.solved))
    assert note.startswith("Of the 50 seeds asked for 30 were trained: more would be too much work")
    assert populations.note(50) == populations.note(10, asked=10) == ""
    assert populations.note(30, asked=1000) == note
    section = Section(name="a", heading="A", text=("First.",))
    assert with_note(section, note).text == ("First.", note)
    assert with_note(section, "") == section
