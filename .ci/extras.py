"""What an extra is for: ``extras.py LIBRARY`` ends well if the doctor works with it in this environment."""

import sys

import torch
from torch import nn

torch.manual_seed(0)
X = torch.rand(400, 2) * 2 - 1
Y = (X.square().sum(dim=1) < 0.6).long()


def with_lightning() -> None:
    """Layers in a plain list are found in a fit by Lightning."""
    import lightning
    from torch.utils.data import DataLoader, TensorDataset

    from trainlab.callbacks.lightning import DoctorCallback

    class Classifier(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = [nn.Linear(2, 16), nn.Linear(16, 16)]
            self.out = nn.Linear(16, 2)

        def training_step(self, batch, batch_idx):
            x, y = batch
            for layer in self.hidden:
                x = torch.relu(layer(x))
            return nn.functional.cross_entropy(self.out(x), y)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.01)

    doctor = DoctorCallback()
    loader = DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True)
    options = {"logger": False, "enable_checkpointing": False, "accelerator": "cpu"}
    lightning.Trainer(max_epochs=8, callbacks=[doctor], **options).fit(Classifier(), loader)
    assert doctor.report.findings[0].fault == "params_not_in_optimizer", doctor.report


def with_transformers() -> None:
    """A rate of 0.5 is found in a training by Hugging Face's Trainer."""
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    from trainlab.callbacks.transformers import DoctorCallback

    tokens = torch.randint(5, 30, (320, 8))
    rows = [{"input_ids": row, "labels": int(row[1] > 17)} for row in tokens]
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    model = BertForSequenceClassification(BertConfig(vocab_size=30, num_labels=2, **sizes))
    doctor = DoctorCallback(show=False)
    plan = TrainingArguments(
        "out", num_train_epochs=10, learning_rate=0.5, use_cpu=True, report_to=[], save_strategy="no"
    )
    Trainer(model, plan, train_dataset=rows, callbacks=[doctor]).train()
    assert doctor.report.findings[0].fault == "lr_too_high", doctor.report


def with_skorch() -> None:
    """Softmax before a loss that has it is found in a fit by skorch."""
    from skorch import NeuralNetClassifier

    from trainlab.callbacks.skorch import DoctorCallback

    net = NeuralNetClassifier(
        nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2), nn.Softmax(dim=-1)),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.01,
        batch_size=32,
        callbacks=[("doctor", DoctorCallback(show=False))],
        verbose=0,
    )
    net.fit(X.numpy(), Y.numpy())
    report = dict(net.callbacks)["doctor"].report
    assert report.findings[0].fault == "loss_activation_mismatch", report


def watched():
    """Return a watch that has heard a small training."""
    import trainlab

    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with trainlab.watch(model) as watch:
        for _ in range(50):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X), Y).backward()
            optimizer.step()
    return watch


def with_tensorboard() -> None:
    """Signals are written for TensorBoard."""
    from pathlib import Path

    import trainlab.callbacks.tensorboard

    trainlab.callbacks.tensorboard.log(watched(), "runs/doctor")
    assert list(Path("runs/doctor").iterdir())


def with_mlflow() -> None:
    """Signals are written for MLflow."""
    import mlflow

    import trainlab.callbacks.mlflow

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    with mlflow.start_run() as run:
        trainlab.callbacks.mlflow.log(watched())
    assert "doctor/loss" in mlflow.get_run(run.info.run_id).data.metrics


if __name__ == "__main__":
    globals()[f"with_{sys.argv[1]}"]()
