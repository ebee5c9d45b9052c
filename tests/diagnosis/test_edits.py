"""The remedy as an edit of the user's own line: made only where it is certain."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diagnosis.watched import diagnosed
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis import Finding, Report
from trainlab.diagnosis.edits import behind_the_loop, holds, into_the_loop, line_without
from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.observed.data import LoaderRecord
from trainlab.diagnosis.observed.events import Clipping, Cut
from trainlab.diagnosis.observed.losses import LossCurve
from trainlab.diagnosis.observed.record import OptimizerRecord, TrainingRecord
from trainlab.diagnosis.place import NOWHERE, Place, Site, place_at
from trainlab.diagnosis.signals.training import Training, training_from

STACK = "net = nn.Sequential(nn.Linear(3, 4))"


def site(text: str, line: int = 7) -> Site:
    return Site("train.py", line, "<module>", text)


def finding(fault: str, place: Place = NOWHERE, value: float | None = None) -> Finding:
    return Finding(
        fault=fault, where="", place=place, confidence=0.9, evidence=(), remedy="", code="", value=value
    )


def code_for(finding: Finding, training: Training) -> str:
    return all_faults()[finding.fault].drawn_and_edited(finding, training).code


def optimizer(made: str, **changes: Any) -> TrainingRecord:
    record = OptimizerRecord(0, "SGD", site(made), [], {}, **{"steps": 9, "lr": [(0, 0.5)]} | changes)
    loss_curve = LossCurve(site("loss.backward()", 20), ticks=[0, 1], values=[1.0, 1.0], count=2)
    return TrainingRecord(optimizers=[record], loss_curves=[loss_curve])


@pytest.mark.parametrize(
    ("fault", "made", "wanted"),
    [
        ("lr_too_high", "opt = SGD(net.parameters(), lr=0.5)", "opt = SGD(net.parameters(), lr=0.05)"),
        ("lr_too_low", "opt = Adam(params, lr = 1e-7, eps=1)", "opt = Adam(params, lr = 1e-05, eps=1)"),
        ("weight_decay_too_high", "o = SGD(p, weight_decay=1.0)", "o = SGD(p, weight_decay=0.01)"),
    ],
)
def test_a_number_in_the_line_is_changed(fault: str, made: str, wanted: str):
    code = code_for(finding(fault), training_from(optimizer(made)))
    assert code == f"# train.py:7\n- {made}\n+ {wanted}"


@pytest.mark.parametrize(
    "made", ["opt = SGD(p, lr=rate)", "opt = SGD(p, 0.5)", "opt = make(p, lr=0.5 if x else 1)"]
)
def test_a_number_that_is_not_there_is_not_changed(made: str):
    assert code_for(finding("lr_too_high"), training_from(optimizer(made))) == ""


def test_calls_that_are_missing_are_put_beside_backward():
    never = optimizer("opt = SGD(p)", steps=0)
    code = code_for(finding("missing_optimizer_step"), training_from(never))
    assert code == "# train.py:20\n  loss.backward()\n+ opt.step()"
    stale = optimizer("opt = SGD(p)", stale=9)
    code = code_for(finding("missing_zero_grad"), training_from(stale))
    assert code == "# train.py:20\n+ opt.zero_grad()\n  loss.backward()"


def test_a_cut_is_taken_out():
    text = "h = self.body(x).detach()"
    event = Cut(site=site(text), name="detach", inside=True)
    cut = place_at(site(text), "call", call="detach")
    code = code_for(finding("detached_graph", cut), training_from(TrainingRecord(events=[event])))
    assert code.endswith("+ h = self.body(x)")
    elsewhere = place_at(site(text, line=8), "call", call="detach")
    assert code_for(finding("detached_graph", elsewhere), training_from(TrainingRecord(events=[event]))) == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("loader = DataLoader(data, batch_size=8)", "loader = DataLoader(data, batch_size=8, shuffle=True)"),
        ("for x in DataLoader(data, shuffle=False):", "for x in DataLoader(data, shuffle=True):"),
        ("for x in DataLoader(Set(a, b), 8):", "for x in DataLoader(Set(a, b), 8, shuffle=True):"),
    ],
)
def test_a_loader_is_shuffled(text: str, wanted: str):
    loader = LoaderRecord(rows=9, batch=8, shuffled=False, dataset=1, site=site(text))
    code = code_for(
        finding("data_not_shuffled", place_at(site(text), "loader")),
        training_from(TrainingRecord(loaders=[loader])),
    )
    assert code == f"# train.py:7\n- {text}\n+ {wanted}"


def test_a_limit_is_loosened():
    text = "clip_grad_norm_(net.parameters(), 1e-4)"
    record = TrainingRecord(events=[Clipping(site=site(text))])
    code = code_for(finding("clip_too_tight", value=2.5), training_from(record))
    assert code.endswith("+ clip_grad_norm_(net.parameters(), 2.5)")


def train(line: Any) -> Report:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.randn(64, 3)

    def loop() -> None:
        for _ in range(30):
            optimizer.zero_grad()
            line(model, x, x.sum(1)).backward()
            optimizer.step()

    return diagnosed(loop)


@pytest.mark.trains
def test_the_longer_of_two_shapes_is_squeezed():
    def minus(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return ((y - model(x)) ** 2).mean()

    def called(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (model(x) - y[None, :, None]).square().mean()

    code = train(minus).findings[0].code
    assert code.splitlines()[1:] == [
        "- return ((y - model(x)) ** 2).mean()",
        "+ return ((y - model(x).squeeze(-1)) ** 2).mean()",
    ]
    # (64, 1) and (1, 64, 1): no axis of 1 at the end tells them apart, and so nothing is edited.
    other = train(called).findings
    assert all(not one.code.startswith("#") for one in other if one.fault == "loss_broadcast")


@pytest.mark.trains
@pytest.mark.parametrize("style", ["function", "method", "module", "made there"])
def test_an_activation_before_the_loss_is_taken_out(style: str):
    softmax = nn.Softmax(dim=1)
    model = nn.Linear(3, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(64, 3), torch.randint(4, (64,))

    def loop() -> None:
        for _ in range(70):
            optimizer.zero_grad()
            if style == "function":
                out = F.softmax(model(x), dim=1)
            elif style == "method":
                out = model(x).softmax(1)
            elif style == "made there":
                out = nn.Softmax(dim=1)(model(x))
            else:
                out = softmax(model(x))
            F.cross_entropy(out, y).backward()
            optimizer.step()

    first = diagnosed(loop).findings[0]
    assert first.fault == "loss_activation_mismatch"
    assert first.code.splitlines()[-1] == "+ out = model(x)"


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        (
            "net = nn.Sequential(nn.Linear(3, 4), nn.Softmax(dim=1))\n",
            (
                1,
                "net = nn.Sequential(nn.Linear(3, 4), nn.Softmax(dim=1))",
                "net = nn.Sequential(nn.Linear(3, 4))",
            ),
        ),
        (
            "net = Sequential(\n    Softmax(1), Linear(3, 4)\n)\n",
            (2, "Softmax(1), Linear(3, 4)", "Linear(3, 4)"),
        ),
        (
            "net = nn.Sequential(\n    nn.Linear(3, 4),  # größer\n    nn.Softmax(1),\n)\n",
            (3, "nn.Softmax(1),", ""),
        ),
        ("net = nn.Sequential(nn.Softmax(1), nn.Softmax(1))\n", None),
        ("self.out = nn.Softmax(1)\n", None),
        ("net = nn.Sequential(\n", None),
    ],
    ids=["the last", "the first", "a line of its own", "two of them", "not in a stack", "no Python"],
)
def test_a_layer_of_a_stack_is_left_out_where_it_is_made(
    tmp_path: Path, text: str, edit: tuple[int, str, str] | None
):
    linecache.clearcache()
    file = tmp_path / "train.py"
    file.write_text(f"{text}train(net)\n", encoding="utf-8")
    called = text.count("\n") + 1
    linecache.getline(str(file), called)
    assert line_without(Site(file.name, called, "<module>", "train(net)"), "Softmax") == edit
    assert line_without(Site(file.name, called, "<module>", "train(other)"), "Softmax") is None


# Edits of a script whose text is known: moved calls, and whether an edit can be made at all.

LOOPS = """for epoch in range(3):
    for batch in loader:
        loss = step(batch)
        scheduler.step()
        total += loss
    print(epoch)
"""


def known(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    lines = text.splitlines(keepends=True)
    monkeypatch.setattr(linecache, "cache", {"/x/train.py": (len(text), None, lines, "/x/train.py")})


def moved(monkeypatch: pytest.MonkeyPatch, move: Callable[[Site], str], text: str) -> str:
    known(monkeypatch, text)
    line = text.splitlines().index(next(one for one in text.splitlines() if "scheduler.step" in one))
    edit = move(site("scheduler.step()", line + 1))
    assert holds(edit)
    return edit


def test_a_call_is_moved_behind_the_loop(monkeypatch: pytest.MonkeyPatch):
    assert moved(monkeypatch, behind_the_loop, LOOPS).splitlines() == [
        "# train.py:4",
        "-         scheduler.step()",
        "# train.py:5",
        "          total += loss",
        "+     scheduler.step()  # once the loop in line 2 is done",
    ]
    last = LOOPS.replace("        total += loss\n", "")
    assert moved(monkeypatch, behind_the_loop, last).splitlines()[1:] == [
        "-         scheduler.step()",
        "+     scheduler.step()  # once the loop in line 2 is done",
    ]


def test_a_call_is_moved_into_the_loop(monkeypatch: pytest.MonkeyPatch):
    text = LOOPS.replace("        scheduler.step()\n", "").replace("print(epoch)", "scheduler.step()")
    assert moved(monkeypatch, into_the_loop, text).splitlines() == [
        "# train.py:4",
        "          total += loss",
        "+         scheduler.step()",
        "# train.py:5",
        "-     scheduler.step()",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "for batch in loader:\n    loss = step(batch)\n    scheduler.step()\n",  # there is no outer loop
        LOOPS.replace("        scheduler.step()", "        if ready: scheduler.step()"),
    ],
)
def test_a_call_that_may_be_meant_there_is_not_moved(monkeypatch: pytest.MonkeyPatch, text: str):
    assert moved(monkeypatch, behind_the_loop, text) == ""
    assert moved(monkeypatch, into_the_loop, text) == ""


@pytest.mark.parametrize(
    ("edit", "holds_"),
    [
        ("# train.py:3\n- loss = step(batch)\n+ loss = step(batch.float())", True),
        ("# train.py:3\n+ model.train()\n  loss = step(batch)", True),
        ("# train.py:3\n- loss = step(batch)", True),
        ("# train.py:3\n- loss = step(batch)\n+ loss = step((batch)", False),
        ("# train.py:3\n- loss = step(batch)\n+ loss  =  step( batch )", False),
        ("# train.py:4\n- loss = step(batch)\n+ loss = 1", True),  # nothing is known of such a file
        ("# other.py:3\n- loss = step(batch)\n+ loss = step((batch)", True),
        ("optimizer.zero_grad()\nloss.backward(", True),
    ],
)
def test_an_edit_that_breaks_the_script_or_changes_nothing_does_not_hold(
    monkeypatch: pytest.MonkeyPatch, edit: str, holds_: bool
):
    known(monkeypatch, LOOPS)
    assert holds(edit) == holds_


def test_an_edit_that_does_not_hold_is_not_printed(monkeypatch: pytest.MonkeyPatch):
    """The line is the first of several: with another one in its place the rest is left over."""
    text = "opt = torch.optim.SGD(model.parameters(), lr=1.0,\n                      momentum=0.9)\n"
    known(monkeypatch, text)
    fault = all_faults()["lr_too_high"]
    line = "# train.py:1\n- opt = torch.optim.SGD(model.parameters(), lr=1.0,\n+ opt = "
    broken, sound = (replace(fault, edit=lambda *_, new=new: line + new) for new in ("sgd(0.1)", "sgd(0.1,"))
    nothing = training_from(TrainingRecord())
    assert broken.edited(finding("lr_too_high"), nothing) == ""
    assert sound.edited(finding("lr_too_high"), nothing) == f"{line}sgd(0.1,"
