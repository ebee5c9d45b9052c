"""The doctor in Hugging Face's Trainer: silent on healthy fits, and faults named at their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from callbacks.rings import same
from diagnosis.watched import faults
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import trainlab
from trainlab.callbacks.transformers import DoctorCallback


class Rows(Dataset):
    """Is the second of 8 tokens a high one?"""

    def __init__(self, *, seed: int, count: int = 320) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(5, 30, (count, 8), generator=generator)
        self.labels = (self.tokens[:, 1] > 17).long()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self.tokens[place], "labels": self.labels[place]}


class HeadOnly(Trainer):
    def create_optimizer(self, *args: Any) -> Any:
        self.optimizer = torch.optim.AdamW(self.model.classifier.parameters(), lr=2e-3)
        return self.optimizer


class InEvalMode(Trainer):
    def compute_loss(self, model: Any, *args: Any, **options: Any) -> Any:
        model.eval()  # and never back
        return super().compute_loss(model, *args, **options)


class Failing(Trainer):
    def compute_loss(self, *args: Any, **options: Any) -> Any:
        if self.state.global_step == 12:
            raise ZeroDivisionError("step 12")
        return super().compute_loss(*args, **options)


def trainer(
    folder: Path, *callbacks: Any, kind: Any = Trainer, epochs: int = 7, lr: float = 5e-3, **options: Any
) -> Any:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=16, num_labels=2, initializer_range=0.1,
    )  # fmt: skip
    quiet = {"report_to": [], "save_strategy": "no", "disable_tqdm": True, "logging_strategy": "no"}
    arguments = TrainingArguments(
        str(folder), num_train_epochs=epochs, per_device_train_batch_size=32, learning_rate=lr,
        eval_strategy="epoch", use_cpu=True, **quiet, **options,
    )  # fmt: skip
    return kind(
        BertForSequenceClassification(config), arguments, train_dataset=Rows(seed=0),
        eval_dataset=Rows(seed=1, count=64), callbacks=list(callbacks),
    )  # fmt: skip


def trained(folder: Path, **options: Any) -> DoctorCallback:
    doctor = DoctorCallback(show=False)
    trainer(folder, doctor, **options).train()
    return doctor


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_accumulation_steps": 2, "epochs": 13},
        {"bf16": True, "warmup_steps": 20, "lr_scheduler_type": "cosine"},
    ],
    ids=["plain", "accumulated", "bfloat16 and warm-up"],
)
def test_healthy_trainings_are_healthy(options: dict[str, Any], tmp_path: Path):
    report = trained(tmp_path, **options).report
    assert faults(report) == []
    assert report.troubles == ()
    assert report.card["steps"] == (65 if "epochs" in options else 70)
    assert report.card["loaders"][0] == {
        "rows": 320,
        "batch": 32,
        "shuffled": True,
        "passes": options.get("epochs", 7),
    }
    assert report.ended == {"how": "The fit ran to its end."}


def test_parameters_left_out_are_named_with_the_users_line(tmp_path: Path):
    finding = trained(tmp_path, kind=HeadOnly).report.findings[0]
    assert finding.fault == "params_not_in_optimizer"
    assert "bert.embeddings.word_embeddings" in finding.where
    assert "test_transformers.py" in finding.evidence[-1]
    assert "in create_optimizer(): `self.optimizer = torch.optim.AdamW(" in finding.evidence[-1]


def test_eval_mode_is_named_with_the_users_line(tmp_path: Path):
    finding = trained(tmp_path, kind=InEvalMode).report.findings[0]
    assert finding.fault == "eval_mode_training"
    assert "test_transformers.py" in finding.where
    assert "in compute_loss(): `model.eval()" in finding.where


def test_a_rate_that_is_far_too_high_is_named_first(tmp_path: Path):
    finding = trained(tmp_path, lr=0.5).report.findings[0]
    assert finding.fault == "lr_too_high"
    assert "test_transformers.py" in finding.where


def test_the_weights_are_the_same_without_it(tmp_path: Path):
    states: list[Any] = []
    for callbacks in ([DoctorCallback(show=False)], []):
        one = trainer(tmp_path, *callbacks, epochs=2)
        one.train()
        states.append((one.model.state_dict(), torch.get_rng_state()))
    assert same(states[0][0], states[1][0])
    assert torch.equal(states[0][1], states[1][1])


def test_an_exception_ends_it_and_the_report_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    doctor = DoctorCallback()
    with pytest.raises(ZeroDivisionError, match="step 12"):
        trainer(tmp_path, doctor, kind=Failing).train()
    assert doctor.report.ended == {"how": "ZeroDivisionError: step 12"}
    assert doctor.report.looked_at["steps"] == 12
    assert capsys.readouterr().out.count("ZeroDivisionError: step 12") == 1
    with trainlab.watch():
        pass  # nothing listens any more


def test_each_training_has_a_report_also_in_a_watch(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    doctor = DoctorCallback()
    one = trainer(tmp_path, doctor, epochs=1)
    one.train()
    assert capsys.readouterr().out.count("The fit ran to its end.") == 1
    assert doctor.report.card["steps"] == 10
    with trainlab.watch() as watched:
        one.train()
        one.evaluate()
    assert "The fit ran" not in capsys.readouterr().out
    assert watched.report.card["steps"] == 10
    assert doctor.report == watched.report


def test_a_train_of_the_users_own_is_heard(tmp_path: Path):
    class Own(Trainer):
        def train(self) -> Any:
            return self._inner_training_loop(self._train_batch_size, self.args)

    doctor = trained(tmp_path, kind=Own, epochs=1)
    assert doctor.report.card["steps"] == 10


def test_only_the_first_process_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    doctor = DoctorCallback()
    one = trainer(tmp_path, doctor, epochs=1)
    monkeypatch.setattr(one, "is_world_process_zero", lambda: False)
    monkeypatch.setattr(type(one.state), "is_world_process_zero", False)
    one.train()
    assert doctor.report.card["steps"] == 0
