"""The doctor in Lightning's own Trainer: silent on healthy fits, and faults named at their place."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import lightning
import pytest
import pytorch_lightning
import torch
from callbacks.rings import Rings, loaders, same
from diagnosis.watched import faults
from lightning.pytorch.callbacks import LearningRateFinder
from torch.nn.functional import cross_entropy

import trainlab
from trainlab.callbacks.lightning import DoctorCallback
from trainlab.errors import DiagnosisError


class Module(lightning.LightningModule):
    def __init__(self, *, lr: float = 0.02, listed: bool = False, head: bool = False, fails: bool = False):
        super().__init__()
        self.lr, self.head, self.fails = lr, head, fails
        self.net = Rings(listed=listed)

    def training_step(self, batch: Any, place: int) -> Any:
        if self.fails and self.global_step == 30:
            raise ZeroDivisionError("step 30")
        loss = cross_entropy(self.net(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: Any, place: int) -> None:
        self.log("val_loss", cross_entropy(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        learning = self.net.out if self.head else self.net
        return torch.optim.Adam(learning.parameters(), lr=self.lr)


class LayerByLayer(Module):
    """Calls the layers themselves: Lightning doesn't call the module as a whole."""

    def training_step(self, batch: Any, place: int) -> Any:
        x = batch[0]
        for layer in self.net.hidden:
            x = torch.relu(layer(x))
        return cross_entropy(self.net.out(self.net.drop(x)), batch[1])

    def validation_step(self, batch: Any, place: int) -> None:
        self.training_step(batch, place)


class ByHand(Module):
    """Optimizes by hand, every second batch."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch: Any, place: int) -> None:
        loss = cross_entropy(self.net(batch[0]), batch[1])
        self.manual_backward(loss / 2)
        if place % 2:
            optimizer = self.optimizers()
            optimizer.step()
            optimizer.zero_grad()


class InEvalMode(Module):
    def on_train_batch_start(self, batch: Any, place: int) -> None:
        self.eval()  # and never back


class Old(pytorch_lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = Rings()

    def training_step(self, batch: Any, place: int) -> Any:
        return cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters())


def trainer(*callbacks: Any, package: Any = lightning.pytorch, epochs: int = 8, **options: Any) -> Any:
    quiet = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    return package.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        log_every_n_steps=1,
        callbacks=list(callbacks),
        **quiet,
        **options,
    )


def fitted(module: Any, **options: Any) -> DoctorCallback:
    torch.manual_seed(0)
    doctor = DoctorCallback(show=False)
    trainer(doctor, **options).fit(module, *loaders())
    return doctor


@pytest.mark.parametrize(
    "options",
    [{}, {"accumulate_grad_batches": 2, "gradient_clip_val": 1.0}, {"precision": "bf16-mixed"}],
    ids=["plain", "accumulated and clipped", "bfloat16"],
)
def test_healthy_fits_are_healthy(options: dict[str, Any]):
    torch.manual_seed(0)
    report = fitted(Module(), **options).report
    assert faults(report) == []
    assert report.troubles == ()
    assert report.card["steps"] == 8 * (7 if "accumulate_grad_batches" in options else 13)
    assert report.ended == {"how": "The fit ran to its end."}


def test_optimizing_by_hand_is_healthy():
    report = fitted(ByHand(), epochs=12).report
    assert faults(report) == []
    assert report.card["steps"] == 12 * 6


def test_the_older_package_takes_it_too():
    torch.manual_seed(0)
    doctor = DoctorCallback(show=False)
    assert isinstance(doctor, lightning.pytorch.Callback | pytorch_lightning.Callback)
    trainer(doctor, package=pytorch_lightning, epochs=1).fit(Old(), loaders()[0])
    assert doctor.report.card["steps"] == 13


def test_layers_in_a_list_are_named_with_the_users_line():
    finding = fitted(Module(listed=True)).report.findings[0]
    assert finding.fault == "params_not_in_optimizer"
    assert "hidden[0].weight" in finding.where
    assert "test_lightning.py" in finding.evidence[-1]
    assert "return torch.optim.Adam(learning.parameters(), lr=self.lr)" in finding.evidence[-1]


def test_layers_called_one_by_one_are_one_network():
    report = fitted(LayerByLayer(listed=True)).report
    (model,) = report.card["models"]
    assert model["class"] == "LayerByLayer"
    assert model["training_passes"] == {"train mode": 104, "eval mode": 0}
    assert model["evaluation_passes"] == {"train mode": 0, "eval mode": 2 + 8 * 4}
    assert report.findings[0].fault == "params_not_in_optimizer"
    assert "net.hidden[0].weight" in report.findings[0].where


def test_parameters_left_out_are_named():
    finding = fitted(Module(head=True)).report.findings[0]
    assert finding.fault == "params_not_in_optimizer"
    assert "hidden.0.weight" in finding.where
    assert "in configure_optimizers()" in finding.evidence[-1]


def test_eval_mode_is_named_with_the_users_line():
    finding = fitted(InEvalMode()).report.findings[0]
    assert finding.fault == "eval_mode_training"
    assert "in on_train_batch_start(): `self.eval()" in finding.where
    assert "test_lightning.py" in finding.where


def test_a_rate_that_is_far_too_high_is_named_first():
    finding = fitted(Module(lr=2.0)).report.findings[0]
    assert finding.fault == "lr_too_high"
    assert "test_lightning.py" in finding.where


def test_the_weights_are_the_same_without_it():
    states = []
    for callbacks in ([DoctorCallback(show=False)], []):
        torch.manual_seed(0)
        module = Module()
        trainer(*callbacks, epochs=2).fit(module, *loaders())
        states.append((module.state_dict(), torch.get_rng_state()))
    assert same(states[0][0], states[1][0])
    assert torch.equal(states[0][1], states[1][1])


def test_an_exception_ends_it_and_the_report_is_printed(capsys: pytest.CaptureFixture[str]):
    doctor = DoctorCallback()
    with pytest.raises(ZeroDivisionError, match="step 30"):
        trainer(doctor).fit(Module(fails=True), *loaders())
    assert doctor.report.ended == {"how": "ZeroDivisionError: step 30"}
    assert doctor.report.looked_at["steps"] == 30
    out = capsys.readouterr().out
    assert out.count("ZeroDivisionError: step 30") == 1
    with trainlab.watch():
        pass  # nothing listens any more


def test_each_fit_has_a_report_and_what_is_no_fit_has_none(capsys: pytest.CaptureFixture[str]):
    doctor = DoctorCallback()
    with pytest.raises(DiagnosisError, match="nothing was fitted yet; give it to a trainer, and fit"):
        _ = doctor.report
    module, own = Module(), trainer(doctor, epochs=1)
    own.fit(module, *loaders())
    assert doctor.report.card["steps"] == 13
    assert capsys.readouterr().out.count("The fit ran to its end.") == 1
    own.validate(module, loaders()[1], verbose=False)
    assert doctor.report.card["steps"] == 13
    own.fit_loop.max_epochs = 3
    own.fit(module, *loaders())
    assert doctor.report.card["steps"] == 26


def test_a_watch_of_the_users_own_hears_instead(capsys: pytest.CaptureFixture[str]):
    doctor = DoctorCallback()
    with trainlab.watch() as watched:
        trainer(doctor, epochs=1).fit(Module(), *loaders())
        assert doctor.report.ended == {"how": "still training"}
    assert watched.report.card["steps"] == 13
    assert doctor.report == watched.report
    assert "The fit ran" not in capsys.readouterr().out


def test_only_the_first_process_listens_and_none_where_parameters_are_spread():
    for strategy, rank, words in (
        (object(), 1, "of a distributed training, the first process is"),
        (type("FSDPStrategy", (), {})(), 0, "its parameters are spread over processes"),
    ):
        other: Any = SimpleNamespace(callbacks=[], strategy=strategy, is_global_zero=rank == 0)
        doctor = DoctorCallback()
        doctor.setup(other, None, "fit")
        doctor.teardown(other, None, "fit")
        assert doctor.report.findings == ()
        assert words in doctor.report.ended["how"]
        assert doctor.signals == ()


def test_a_search_for_a_rate_is_not_listened_to(tmp_path: Any):
    torch.manual_seed(0)
    doctor = DoctorCallback(show=False)
    search = LearningRateFinder(num_training_steps=20)
    own = trainer(doctor, search, epochs=3, default_root_dir=tmp_path)
    own.fit(Module(), *loaders())
    assert doctor.report.card["steps"] == 3 * 13
    assert faults(doctor.report) == []


def test_a_copy_has_heard_nothing():
    doctor = fitted(Module(), epochs=1)
    for other in (copy.deepcopy(doctor), pickle.loads(pickle.dumps(doctor))):
        assert other.show is False
        with pytest.raises(DiagnosisError, match="nothing was fitted yet"):
            _ = other.report
