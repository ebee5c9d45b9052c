"""The process of a script where its report can't be written; what is told of its arguments; another seed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from diagnosis.seeds.made import population, run
from torch import nn

from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.report.sections import report_sections
from trainlab.diagnosis.script import child
from trainlab.diagnosis.script.child import Child
from trainlab.diagnosis.script.plan import Plan, in_words, sealed, told
from trainlab.diagnosis.script.reseed import Reseed
from trainlab.diagnosis.seeds.population_words import seeds_sections

# The process of a script where its report can't be written, or nothing was listened to.


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """Return one whose script may take no time."""
    monkeypatch.setattr(child, "GRACE", 0.0)
    monkeypatch.setattr(child, "interrupt_first_thread", lambda: None)
    made = Child(str(tmp_path / "report.json"), Plan(script="train.py", seconds=1e-9))
    made.probe = SimpleNamespace(read=lambda: None)  # pyright: ignore
    return made


def report_of(found: Child) -> dict[str, Any]:
    return json.loads(Path(found.report).read_bytes())


def test_a_snapshot_that_cant_be_written_isnt_tried_at_each_step(one: Child, monkeypatch: pytest.MonkeyPatch):
    tried: list[Any] = []

    def write(ended: dict[str, Any]) -> None:
        tried.append(ended)
        raise OSError("No space left on device")

    monkeypatch.setattr(one, "write", write)
    one.snapshot_at = time.monotonic() - 1
    with pytest.raises(OSError, match="No space"):
        one._at_step()
    for _ in range(3):
        one._at_step()
    assert len(tried) == 1


def test_out_of_time_it_ends_though_the_script_changes_what_is_being_read(
    one: Child, monkeypatch: pytest.MonkeyPatch
):
    class Ended(BaseException):
        pass

    def end(code: int) -> None:
        raise Ended

    class Growing(list[Any]):
        def __iter__(self):
            raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(child, "exit_at_once", end)
    one.record.backwards = 1
    one.record.losses = Growing([1])
    with pytest.raises(Ended):
        one._end_in_time()
    report = report_of(one)
    assert report["ended"] == {"how": "time", "code": 0}
    assert report["troubles"] == ["RuntimeError: dictionary changed size during iteration"]


def test_pytorch_that_came_past_the_hook_is_told(one: Child):
    assert torch.__version__
    one.probe = None
    one.write({"how": "end", "code": 0})
    report = report_of(one)
    assert report["looked_at"]["torch_imported"]
    assert report["troubles"] == [child._PAST_THE_HOOK]


# Arguments of a script, and what is in its environment: not in what is passed on, unless asked for.


GIVEN = ("--token", "s3cr3t")
SCRIPT = """
import os, sys, torch
assert sys.argv[1:] == ["--token", "s3cr3t"] and os.environ["API_KEY"] == "h1dd3n"
weight = torch.ones(3, requires_grad=True)
(weight * 2).sum().backward()
"""


def test_they_are_told_by_their_number_or_as_they_are():
    assert told(GIVEN, keep=False) == ["…", "…"]
    assert told(GIVEN, keep=True) == ["--token", "s3cr3t"]
    assert in_words(["…", "…"]) == "2 given; --keep-arguments keeps them"
    assert in_words(["--name", "a b"]) == "--name 'a b'"


def test_a_seal_tells_the_same_from_others():
    seal = sealed(GIVEN)
    assert sealed(GIVEN, seal) == seal
    assert sealed(GIVEN) != seal  # each has a salt of its own
    assert sealed(("--token", "s3cr3u"), seal) != seal
    assert sealed(("--tokens3cr3t",), seal) != seal
    assert sealed(()) == ""


@pytest.mark.parametrize("keep", [True, False])
def test_a_population_tells_them_only_where_asked(keep: bool):
    found = population(run(1, state="stuck"), run(2), arguments=GIVEN, keep_arguments=keep)
    data = found.to_dict()
    shown = str(seeds_sections(data))
    assert ("s3cr3t" in found.to_json()) is keep
    assert ("s3cr3t" in shown) is keep
    assert ("-- --token s3cr3t" if keep else "--seed 1 -- and its 2 arguments") in shown
    assert found.arguments == GIVEN


def test_the_card_of_a_report_says_how_many():
    report = diagnose(TrainingRecord(), ended={"how": "end", "code": 0}).to_dict()
    assert "arguments" not in {fact.label for fact in report_sections(report).card.facts}
    facts = {fact.label: fact.said for fact in report_sections(report | {"arguments": ["…"] * 2}).card.facts}
    assert facts["arguments"] == "2 given; --keep-arguments keeps them"


@pytest.mark.process
@pytest.mark.parametrize("keep", [True, False])
def test_a_report_has_neither_arguments_nor_environment(tmp_path: Path, keep: bool):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    options = ["--json", "report.json", "--html", "page.html", "--details", *(["--keep-arguments"] * keep)]
    whole = [sys.executable, "-m", "trainlab.cli.main", "doctor", *options, "train.py", *GIVEN]
    environment = {**os.environ, "API_KEY": "h1dd3n"}
    done = subprocess.run(whole, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    written = [(tmp_path / name).read_text(encoding="utf-8") for name in ("report.json", "page.html")]
    report: dict[str, Any] = json.loads(written[0])
    assert report["ended"] == {"how": "end", "code": 0}, done.stderr
    assert report["arguments"] == (list(GIVEN) if keep else ["…", "…"])
    assert all(("s3cr3t" in text) is keep for text in (*written, done.stdout))
    assert not any("h1dd3n" in text for text in (*written, done.stdout))


# Another seed: other weights and batches, the same data; the same seed: the same run.


@contextmanager
def reseeded(seed: int, *, from_start: bool = False) -> Iterator[None]:
    reseed = Reseed(seed, from_start=from_start)
    reseed.start()
    try:
        yield
    finally:
        reseed.stop()


def drawn(training: Callable[[], tuple[torch.Tensor, ...]], seed: int, **options: bool):
    with reseeded(seed, **options):
        return [value.tolist() for value in training()]


def seeded_script():
    torch.manual_seed(0)
    x = torch.randn(5)
    model = nn.Linear(3, 2)
    return x, model.weight, torch.randperm(20), torch.tensor(np.random.rand(3)), torch.tensor(random.random())


def reseeding_script():
    torch.manual_seed(0)
    first = nn.Linear(3, 2)
    torch.manual_seed(0)
    return first.weight, nn.Linear(3, 2).weight


def plain_script():
    torch.manual_seed(3)
    return (torch.randn(4, requires_grad=True),)


def test_the_data_stay_and_all_that_follows_the_first_module_is_another():
    torch.manual_seed(0)
    data = torch.randn(5).tolist()
    one, other = drawn(seeded_script, 1), drawn(seeded_script, 2)
    assert one[0] == other[0] == data
    assert all(a != b for a, b in zip(one[1:], other[1:], strict=True))


def test_the_same_seed_gives_the_same_run():
    assert drawn(seeded_script, 7) == drawn(seeded_script, 7)


def test_seeds_that_the_script_sets_later_are_changed_too():
    one, other = drawn(reseeding_script, 1), drawn(reseeding_script, 2)
    assert one[1] != other[1]


def test_a_loss_is_no_network():
    def training():
        nn.CrossEntropyLoss()
        return seeded_script()

    assert drawn(training, 1) == drawn(seeded_script, 1)


def test_without_modules_the_seeds_are_changed_from_the_start():
    assert drawn(plain_script, 1) == drawn(plain_script, 2)
    assert drawn(plain_script, 1, from_start=True) != drawn(plain_script, 2, from_start=True)


def test_afterwards_nothing_is_left():
    before = torch.manual_seed, np.random.seed, random.seed, nn.Module.__init__
    with reseeded(1):
        assert torch.manual_seed is not before[0]
    assert (torch.manual_seed, np.random.seed, random.seed, nn.Module.__init__) == before


@pytest.mark.parametrize("from_start", [False, True])
def test_a_seed_given_by_its_name_is_a_seed(from_start: bool):
    def training():
        torch.manual_seed(seed=3)
        np.random.seed(seed=3)
        random.seed(a=3)
        return torch.randn(2), torch.tensor(np.random.rand(2)), torch.tensor(random.random())

    one, other = (drawn(training, seed, from_start=from_start) for seed in (1, 2))
    assert (one != other) is from_start
