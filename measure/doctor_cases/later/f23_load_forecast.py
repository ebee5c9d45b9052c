import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 4
LOOKBACK = 12
HORIZON = 1
BATCH_SIZE = 64
EPOCHS = 15
LR = 2e-3

torch.manual_seed(SEED)
np.random.seed(SEED)


def hourly_demand(days=160):
    """Plant load by the hour: every hour of the day runs its own slowly changing job."""
    level = np.random.normal(0, 1, 24)
    out = []
    for _ in range(days):
        level = 0.97 * level + np.random.normal(0, 0.24, 24)
        out.append(level + np.random.normal(0, 0.15, 24))
    return np.concatenate(out).astype(np.float32)


def create_sequences(series, lookback, horizon):
    xs, ys = [], []
    for i in range(len(series) - lookback - horizon + 1):
        xs.append(series[i:i + lookback])
        ys.append(series[i + lookback + horizon - 1])
    return torch.tensor(np.array(xs)), torch.tensor(np.array(ys))


class ConvForecaster(nn.Module):
    def __init__(self, lookback, channels=16, hidden=64):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, channels, kernel_size=3, padding=1), nn.ReLU(),
            nn.Conv1d(channels, channels, kernel_size=3, padding=1), nn.ReLU(),
        )
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(channels * lookback, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        self.skip = nn.Linear(lookback, 1)

    def forward(self, x):
        return (self.fc(self.conv(x.unsqueeze(1))) + self.skip(x)).squeeze(1)


def r2_score(pred, target):
    return 1 - ((pred - target) ** 2).sum().item() / ((target - target.mean()) ** 2).sum().item()


series = hourly_demand()
split = int(0.8 * len(series))
mu, sd = series[:split].mean(), series[:split].std()
series = (series - mu) / sd

x_train, y_train = create_sequences(series[:split], LOOKBACK, HORIZON)
x_test, y_test = create_sequences(series[split:], LOOKBACK, HORIZON)
train_loader = DataLoader(TensorDataset(x_train, y_train), batch_size=BATCH_SIZE, shuffle=True)

model = ConvForecaster(LOOKBACK)
criterion = nn.MSELoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=1e-3)

best = -1e9
for epoch in range(EPOCHS):
    model.train()
    train_loss = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * len(xb)
    model.eval()
    with torch.no_grad():
        pred = model(x_test)
    test_r2 = r2_score(pred, y_test)
    best = max(best, test_r2)
    print(f"Epoch {epoch + 1:02d}/{EPOCHS} train MSE {train_loss / len(x_train):.4f} "
          f"test MSE {criterion(pred, y_test).item():.4f} test R2 {test_r2:.3f}")

print(f"test R2 {test_r2:.3f} (best epoch {best:.3f})")
