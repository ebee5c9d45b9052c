"""The doctor in skorch: silent on healthy fits, faults named, and nothing left behind."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch
from callbacks.rings import Rings, points, same
from diagnosis.watched import faults
from sklearn.base import clone
from skorch import NeuralNetClassifier
from torch import nn

import trainlab
from trainlab.callbacks.skorch import DoctorCallback
from trainlab.errors import DiagnosisError

X, Y = (each.numpy() for each in points(seed=0))


class InEvalMode(NeuralNetClassifier):
    def _set_training(self, training: bool = True) -> None:
        super()._set_training(False)  # whatever is asked for


class Failing(NeuralNetClassifier):
    ends = ZeroDivisionError("step 20")

    def train_step_single(self, batch: Any, **params: Any) -> Any:
        self.taken = getattr(self, "taken", 0) + 1
        if self.taken > 20:
            raise self.ends
        return super().train_step_single(batch, **params)


class Stopped(Failing):
    ends = KeyboardInterrupt()


def net(doctor: DoctorCallback, *, kind: Any = NeuralNetClassifier, lr: float = 0.02, **options: Any) -> Any:
    torch.manual_seed(0)
    options = {"module__softmax": True, "max_epochs": 8, **options}
    shared = {"batch_size": 32, "iterator_train__shuffle": True, "verbose": 0, "callbacks": [doctor]}
    return kind(Rings, lr=lr, optimizer=torch.optim.Adam, **shared, **options)


def fitted(**options: Any) -> DoctorCallback:
    doctor = DoctorCallback(show=False)
    net(doctor, **options).fit(X, Y)
    return doctor


@pytest.mark.parametrize(
    "options", [{}, {"criterion": nn.CrossEntropyLoss, "module__softmax": False}], ids=["nll", "logits"]
)
def test_healthy_fits_are_healthy(options: dict[str, Any]):
    report = fitted(**options).report
    assert faults(report) == []
    assert report.troubles == ()
    assert report.card["steps"] == 8 * 10
    assert report.ended == {"how": "The fit ran to its end."}


def test_layers_in_a_list_are_named():
    finding = fitted(module__listed=True).report.findings[0]
    assert finding.fault == "params_not_in_optimizer"
    assert "hidden[0].weight" in finding.where
    assert "test_skorch.py" in finding.evidence[-1]


def test_softmax_before_cross_entropy_is_named_with_the_users_line():
    finding = fitted(criterion=nn.CrossEntropyLoss).report.findings[0]
    assert finding.fault == "loss_activation_mismatch"
    assert "return x.softmax(-1) if self.softmax else x" in finding.where


def test_eval_mode_is_named_with_the_users_line():
    finding = fitted(kind=InEvalMode).report.findings[0]
    assert finding.fault == "eval_mode_training"
    assert "test_skorch.py" in finding.where
    assert "super()._set_training(False)" in finding.where


def test_a_rate_that_is_far_too_high_is_named_first():
    assert fitted(lr=2.0).report.findings[0].fault == "lr_too_high"


def test_the_weights_are_the_same_without_it():
    states: list[Any] = []
    for heard in (True, False):
        one = net(DoctorCallback(show=False), max_epochs=2)
        if not heard:
            one.set_params(callbacks__DoctorCallback=None)
        one.fit(X, Y)
        states.append((one.module_.state_dict(), torch.get_rng_state()))
    assert same(states[0][0], states[1][0])
    assert torch.equal(states[0][1], states[1][1])


def test_an_exception_ends_it_and_the_report_is_printed(capsys: pytest.CaptureFixture[str]):
    doctor = DoctorCallback()
    broken = net(doctor, kind=Failing)
    with pytest.raises(ZeroDivisionError, match="step 20"):
        broken.fit(X, Y)
    assert doctor.report.ended == {"how": "ZeroDivisionError: step 20"}
    assert doctor.report.looked_at["steps"] == 20
    assert capsys.readouterr().out.count("ZeroDivisionError: step 20") == 1
    assert "fit_loop" not in vars(broken)
    with trainlab.watch():
        pass  # nothing listens any more


def test_ctrl_c_ends_a_fit_as_skorch_has_it(capsys: pytest.CaptureFixture[str]):
    doctor = DoctorCallback()
    net(doctor, kind=Stopped).fit(X, Y)
    assert doctor.report.looked_at["steps"] == 20
    assert "The fit ran to its end." in capsys.readouterr().out


def test_it_is_a_parameter_that_can_be_set_cloned_and_pickled(capsys: pytest.CaptureFixture[str]):
    one = net(DoctorCallback(), max_epochs=1)
    one.set_params(callbacks__DoctorCallback__show=False)
    one.fit(X, Y)
    assert capsys.readouterr().out == ""
    assert set(one.callbacks[0].get_params()) == {"show"}
    assert one.callbacks[0].report.card["steps"] == 10
    for other in (clone(one).callbacks[0], pickle.loads(pickle.dumps(one)).callbacks[0]):
        assert other.show is False
        with pytest.raises(DiagnosisError, match="nothing was fitted yet"):
            _ = other.report
    one.partial_fit(X, Y)
    assert one.callbacks[0].report.card["steps"] == 10
