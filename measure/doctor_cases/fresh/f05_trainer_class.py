# My own little Trainer, copied from project to project.
import time

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class Block(nn.Sequential):
    def __init__(self, cin, cout):
        super().__init__(nn.Conv2d(cin, cout, 3, padding=1, bias=False),
                         nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class SmallNet(nn.Module):
    def __init__(self, n_classes=10):
        super().__init__()
        self.features = nn.Sequential(Block(1, 16), nn.MaxPool2d(2),
                                      Block(16, 32), nn.MaxPool2d(2), Block(32, 32))
        self.classifier = nn.Sequential(nn.Linear(32 * 2 * 2, 64, bias=False), nn.BatchNorm1d(64),
                                        nn.ReLU(), nn.Linear(64, n_classes))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Trainer:
    def __init__(self, model, train_loader, test_loader, cfg):
        self.model = model
        self.train_loader = train_loader
        self.test_loader = test_loader
        self.cfg = cfg
        self.loss_fn = nn.CrossEntropyLoss()
        self.opt = torch.optim.AdamW(model.parameters(), lr=cfg["lr"], weight_decay=1e-4)
        self.history = []

    def train_epoch(self):
        self.model.train()
        total, right, loss_sum = 0, 0, 0.0
        for x, y in self.train_loader:
            out = self.model(x)
            loss = self.loss_fn(out, y)
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            loss_sum += loss.item() * y.size(0)
            right += (out.argmax(1) == y).sum().item()
            total += y.size(0)
        return loss_sum / total, right / total

    @torch.no_grad()
    def test(self):
        total, right, loss_sum = 0, 0, 0.0
        for x, y in self.test_loader:
            out = self.model(x)
            loss_sum += self.loss_fn(out, y).item() * y.size(0)
            right += (out.argmax(1) == y).sum().item()
            total += y.size(0)
        return loss_sum / total, right / total

    def fit(self):
        for ep in range(1, self.cfg["epochs"] + 1):
            t = time.time()
            tr = self.train_epoch()
            te = self.test()
            self.history.append((tr, te))
            print(f"epoch {ep}: train loss {tr[0]:.4f} acc {tr[1]:.4f} | "
                  f"test loss {te[0]:.4f} acc {te[1]:.4f} | {time.time() - t:.1f}s")
        return self.history


def get_data(batch_size, seed):
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16.0
    y = torch.tensor(d.target)
    order = np.random.RandomState(seed).permutation(len(x))
    x, y = x[order], y[order]
    n = 1400
    train = TensorDataset(x[:n], y[:n])
    # test images lie in one folder per digit, so they are read digit by digit
    by_class = torch.argsort(y[n:], stable=True)
    test = TensorDataset(x[n:][by_class], y[n:][by_class])
    return (DataLoader(train, batch_size=batch_size, shuffle=True),
            DataLoader(test, batch_size=32))


if __name__ == "__main__":
    cfg = {"lr": 2e-3, "epochs": 6, "batch_size": 50, "seed": 0}
    torch.manual_seed(cfg["seed"])
    train_loader, test_loader = get_data(cfg["batch_size"], cfg["seed"])
    trainer = Trainer(SmallNet(), train_loader, test_loader, cfg)
    # dropout / weight decay / fewer filters against the gap: did not help
    trainer.fit()
