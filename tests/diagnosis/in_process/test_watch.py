"""The watch itself: it leaves nothing behind, keeps nothing alive, and its own faults harm nobody."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch import nn

from trainlab.diagnosis import watch
from trainlab.diagnosis.probe.losses import Losses
from trainlab.errors import DiagnosisError


def steps(model: nn.Module, count: int = 30) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(count):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(torch.randn(8, 3)), torch.randn(8, 2)).backward()
        optimizer.step()


def test_everything_is_put_back():
    before = (
        torch.autograd.backward, torch.autograd.grad, torch.optim.Optimizer.__init__, nn.Module.train,
        nn.Module.load_state_dict, torch.optim.lr_scheduler.LRScheduler.step, nn.utils.clip_grad_norm_,
    )  # fmt: skip
    with watch():
        steps(nn.Linear(3, 2))
        assert torch.autograd.backward is not before[0]
    after = (
        torch.autograd.backward, torch.autograd.grad, torch.optim.Optimizer.__init__, nn.Module.train,
        nn.Module.load_state_dict, torch.optim.lr_scheduler.LRScheduler.step, nn.utils.clip_grad_norm_,
    )  # fmt: skip
    assert after == before
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks
    assert torch._C._len_torch_function_stack() == 0


@pytest.mark.trains
def test_a_model_that_is_gone_is_gone():
    with watch() as watched:
        model = nn.Sequential(nn.Linear(3, 2))
        steps(model)
        reference = weakref.ref(model[0].weight)
        del model
        gc.collect()
        assert reference() is None
    assert watched.report.card["models"][0]["parameters"] == 8


def test_an_exception_of_the_training_goes_on_its_way():
    watched = watch()

    def train() -> None:
        with watched:
            steps(nn.Linear(3, 2))
            raise ZeroDivisionError("step 30")

    with pytest.raises(ZeroDivisionError):
        train()
    assert watched.report.ended == {"how": "ZeroDivisionError: step 30"}
    assert watched.report.card["steps"] == 30


def test_a_fault_of_the_probe_is_told_and_the_training_goes_on(monkeypatch: pytest.MonkeyPatch):
    def fail(*args: object) -> None:
        raise RuntimeError("the probe's own")

    monkeypatch.setattr(Losses, "confirm", fail)
    model = nn.Linear(3, 2)
    with watch() as watched:
        steps(model)
    assert watched.report.findings == ()
    assert watched.report.card["steps"] == 30
    assert len(watched.report.troubles) == 1
    assert watched.report.troubles[0].startswith("RuntimeError: the probe's own")


@pytest.mark.trains
def test_the_report_can_be_asked_for_in_between():
    with watch() as watched:
        steps(nn.Linear(3, 2))
        assert watched.report.ended == {"how": "still training"}
        steps(nn.Linear(3, 2))
    assert watched.report.card["steps"] == 60


def test_a_model_that_is_given_is_one_network_though_its_layers_are_called_singly():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watch(model) as watched:
        for _ in range(30):
            optimizer.zero_grad()
            nn.functional.mse_loss(
                model[2](model[1](model[0](torch.randn(8, 3)))), torch.zeros(8, 2)
            ).backward()
            optimizer.step()
    (told,) = watched.report.card["models"]
    assert (told["class"], told["parameters"], told["reachable"]) == ("Sequential", 26, 26)
    assert told["training_passes"] == {"train mode": 30, "eval mode": 0}
    assert told["depends_on_mode"] == ["1"]


def test_it_can_be_started_and_stopped_where_there_is_no_block():
    watched = watch().start()
    assert watched.listening
    steps(nn.Linear(3, 2))
    watched.stop(how="over")
    watched.stop(how="over again")
    assert not watched.listening
    assert watched.report.ended == {"how": "over"}
    assert {"loss", "update ratio"} < {one.signal for one in watched.signals}


def test_two_at_once_are_refused():
    with watch(), pytest.raises(DiagnosisError, match="another watch is listening already"), watch():
        pass


def test_what_is_no_module_is_refused():
    with pytest.raises(DiagnosisError, match="watch: int is not a torch module; give models, or nothing"):
        watch(3)


def test_a_report_before_anything_was_watched():
    with pytest.raises(DiagnosisError, match="nothing was watched yet"):
        _ = watch().report


def test_a_mode_of_the_users_own_is_left_where_it_is():
    with watch():
        for _ in range(3):
            with torch.device("meta"):
                made = nn.Linear(2, 2)
            steps(nn.Linear(3, 2), 10)
            assert torch.empty(1).device.type == "cpu"
    assert made.weight.device.type == "meta"


def test_a_watch_that_is_used_again_forgets_what_the_first_block_printed():
    watched = watch(solved="score > 0.9")
    with watched:
        print("score: 0.95")
    first = watched.report.outcome["solved"]
    with watched:
        print("nothing")
    second = watched.report.outcome["solved"]
    assert (first["value"], second["value"]) == (0.95, None)
