from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class TrainConfig:
    seed: int = 23
    epochs: int = 10
    batch_size: int = 32
    max_lr: float = 0.1
    momentum: float = 0.85
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05


class ConvNet(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.fc1 = nn.Linear(2 * width * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.max_pool2d(torch.tanh(self.conv2(x)), 2)
        x = torch.tanh(self.fc1(x.flatten(1)))
        return self.fc2(x)


class Trainer:
    def __init__(self, model, cfg, train_loader, val_loader):
        self.model, self.cfg = model, cfg
        self.train_loader, self.val_loader = train_loader, val_loader
        self.criterion = nn.CrossEntropyLoss(label_smoothing=cfg.label_smoothing)
        self.optimizer = torch.optim.SGD(model.parameters(), lr=cfg.max_lr, momentum=cfg.momentum,
                                         weight_decay=cfg.weight_decay, nesterov=True)
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=cfg.max_lr, epochs=cfg.epochs,
            steps_per_epoch=len(train_loader), cycle_momentum=False)

    def training_step(self, batch):
        x, y = batch
        loss = self.criterion(self.model(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def train_epoch(self):
        self.model.train()
        losses = [self.training_step(b) for b in self.train_loader]
        return sum(losses) / len(losses)

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        hits, n = 0, 0
        for x, y in self.val_loader:
            hits += (self.model(x).argmax(1) == y).sum().item()
            n += len(y)
        return hits / n

    def fit(self):
        for epoch in range(1, self.cfg.epochs + 1):
            loss = self.train_epoch()
            self.scheduler.step()
            print(f"epoch {epoch:2d} loss {loss:.4f} val acc {self.validate():.4f}")
        return self.validate()


def build_loaders(cfg):
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X / 16.0, dtype=torch.float32).view(-1, 1, 8, 8)
    y = torch.tensor(y)
    tr, va = train_test_split(range(len(X)), test_size=0.4, random_state=cfg.seed, stratify=y.numpy())
    return (DataLoader(TensorDataset(X[tr], y[tr]), batch_size=cfg.batch_size, shuffle=True),
            DataLoader(TensorDataset(X[va], y[va]), batch_size=256))


if __name__ == "__main__":
    cfg = TrainConfig()
    torch.manual_seed(cfg.seed)
    trainer = Trainer(ConvNet(), cfg, *build_loaders(cfg))
    print(f"final validation accuracy {trainer.fit():.4f}")
