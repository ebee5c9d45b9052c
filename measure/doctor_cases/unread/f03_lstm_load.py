"""Forecast the next hour of a made-up electricity load curve with an LSTM."""
import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=21)
parser.add_argument("--window", type=int, default=24)
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--lr", type=float, default=5e-3)
args = parser.parse_args()

torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)


def load_curve(n):
    t = np.arange(n)
    daily = np.sin(2 * np.pi * t / 24) + 0.4 * np.sin(2 * np.pi * t / 12 + 1.0)
    weekly = 0.5 * np.sin(2 * np.pi * t / 168)
    shock = np.zeros(n)
    for i in range(1, n):
        shock[i] = 0.7 * shock[i - 1] + rng.normal(0, 0.45)
    return (50 + 8 * (daily + weekly + shock)).astype(np.float32)


def make_windows(series, length):
    x = np.lib.stride_tricks.sliding_window_view(series, length)
    y = series[length - 1:]
    n = min(len(x), len(y))
    return torch.tensor(x[:n].copy()).unsqueeze(-1), torch.tensor(y[:n].copy())


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1]).squeeze(-1)


def evaluate(model, x, y, mean, std):
    model.eval()
    with torch.no_grad():
        pred = model(x) * std + mean
    true = y * std + mean
    rmse = (pred - true).pow(2).mean().sqrt().item()
    r2 = 1 - ((pred - true) ** 2).sum() / ((true - true.mean()) ** 2).sum()
    return rmse, r2.item()


series = load_curve(2600)
cut = 2000
mean, std = float(series[:cut].mean()), float(series[:cut].std())
scaled = (series - mean) / std
x_train, y_train = make_windows(scaled[:cut], args.window)
x_test, y_test = make_windows(scaled[cut:], args.window)
print("train windows", tuple(x_train.shape), "test windows", tuple(x_test.shape))

loader = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True)
model = Forecaster(args.hidden)
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=args.epochs)
loss_fn = nn.MSELoss()
for epoch in range(args.epochs):
    model.train()
    total = 0.0
    for xb, yb in loader:
        opt.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
    sched.step()
    rmse, _ = evaluate(model, x_test, y_test, mean, std)
    print(f"epoch {epoch + 1:2d} train mse {total / len(x_train):.4f} test rmse {rmse:.3f}")

rmse, r2 = evaluate(model, x_test, y_test, mean, std)
print(f"one-step-ahead forecast on the held-out part: RMSE {rmse:.3f} R2 {r2:.3f}")
