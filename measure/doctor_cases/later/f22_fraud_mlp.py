from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import balanced_accuracy_score, recall_score
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class TrainConfig:
    n_samples: int = 12000
    fraud_rate: float = 0.02
    batch_size: int = 128
    lr: float = 1e-3
    epochs: int = 12
    seed: int = 3


def simulate_transactions(cfg):
    rng = np.random.default_rng(cfg.seed)
    y = (rng.random(cfg.n_samples) < cfg.fraud_rate).astype(np.float32)
    X = rng.normal(0, 1, (cfg.n_samples, 12)).astype(np.float32)
    shift = np.zeros(12, np.float32)
    shift[[0, 3, 5, 8]] = [1.1, -0.9, 0.8, 0.6]
    X += y[:, None] * shift
    X[:, 10] = np.exp(X[:, 10] * 0.3)
    return X, y


def loaders(cfg):
    X, y = simulate_transactions(cfg)
    n = int(0.75 * len(y))
    mean, std = X[:n].mean(0), X[:n].std(0)
    X = torch.from_numpy((X - mean) / std)
    y = torch.from_numpy(y)
    train = DataLoader(TensorDataset(X[:n], y[:n]), batch_size=cfg.batch_size, shuffle=True)
    return train, X[n:], y[n:]


class FraudNet(nn.Module):
    def __init__(self, n_in=12):
        super().__init__()
        self.fc1 = nn.Linear(n_in, 32)
        self.fc2 = nn.Linear(32, 16)
        self.out = nn.Linear(16, 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, x):
        x = self.drop(torch.relu(self.fc1(x)))
        x = torch.relu(self.fc2(x))
        return self.out(x).squeeze(-1)


def predict(model, X):
    model.eval()
    with torch.no_grad():
        return (torch.sigmoid(model(X)) > 0.5).float()


def train(cfg):
    torch.manual_seed(cfg.seed)
    train_loader, X_val, y_val = loaders(cfg)
    model = FraudNet()
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(1, cfg.epochs + 1):
        model.train()
        epoch_loss = 0.0
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            epoch_loss += loss.item()
        pred = predict(model, X_val)
        acc = (pred == y_val).float().mean().item()
        print(f"epoch {epoch:2d} | loss {epoch_loss / len(train_loader):.4f} | val acc {acc:.4f} "
              f"| flagged {int(pred.sum())} of {len(pred)}")
    return model, X_val, y_val


if __name__ == "__main__":
    model, X_val, y_val = train(TrainConfig())
    pred = predict(model, X_val)
    rec = recall_score(y_val, pred)
    bal = balanced_accuracy_score(y_val, pred)
    print(f"val accuracy {(pred == y_val).float().mean().item():.3f} fraud recall {rec:.3f} balanced accuracy {bal:.3f}")
