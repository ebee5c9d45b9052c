import math

import torch
from torch import nn

torch.manual_seed(41)
LAGS = 12


def tide(n_hours):
    t = torch.arange(n_hours, dtype=torch.float32)
    moon = 1.8 * torch.sin(2 * math.pi * t / 12.42)
    sun = 0.7 * torch.sin(2 * math.pi * t / 12.0 + 1)
    return moon + sun + 0.05 * torch.randn(n_hours)


def windows(series):
    x = series.unfold(0, LAGS + 1, 1)
    return x[:, :-1], x[:, -1]


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.proj = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.rnn(x.unsqueeze(-1))
        return torch.sigmoid(self.proj(out[:, -1])).squeeze(-1)


x, y = windows(tide(1500))
x_train, y_train, x_test, y_test = x[:1100], y[:1100], x[1100:], y[1100:]
model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.SmoothL1Loss()

for epoch in range(12):
    losses = []
    for idx in torch.randperm(len(x_train)).split(50):
        prediction = model(x_train[idx])
        loss = criterion(prediction, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch:2d} loss {sum(losses) / len(losses):.4f}")

with torch.no_grad():
    error = (model(x_test) - y_test).pow(2).mean()
print("skill (r2):", 1 - (error / y_test.var()).item())
