"""LSTM on daily log returns: up or down tomorrow? Data are simulated with fat tails and
volatility clustering so that they look like the index I shall use later."""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(23)
rng = np.random.default_rng(23)
WINDOW, N_DAYS = 20, 4000
HP = {"hidden": 24, "lr": 2e-3, "epochs": 8, "batch": 64}


def simulate_returns(n):
    r = np.zeros(n)
    var = 1e-4
    for t in range(1, n):
        var = 2e-6 + 0.05 * r[t - 1] ** 2 + 0.90 * var
        drift = 0.0
        r[t] = drift + np.sqrt(var) * rng.standard_t(6) / np.sqrt(1.5)
    return r


class WindowDataset(Dataset):
    """x: the last WINDOW standardised returns, y: 1 when the next return is positive"""

    def __init__(self, returns, mu, sd):
        self.z = torch.tensor((returns - mu) / sd, dtype=torch.float32)
        self.up = torch.tensor(returns > 0, dtype=torch.float32)

    def __len__(self):
        return len(self.z) - WINDOW

    def __getitem__(self, i):
        return self.z[i:i + WINDOW].unsqueeze(-1), self.up[i + WINDOW]


class DirectionLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1]).squeeze(-1)


returns = simulate_returns(N_DAYS)
cut = int(0.8 * N_DAYS)
mu, sd = returns[:cut].mean(), returns[:cut].std()
train_ds = WindowDataset(returns[:cut], mu, sd)
test_ds = WindowDataset(returns[cut:], mu, sd)
train_dl = DataLoader(train_ds, batch_size=HP["batch"], shuffle=True)
test_dl = DataLoader(test_ds, batch_size=256)
print("annualised vol %.2f, share of up days %.3f" % (returns.std() * np.sqrt(252), (returns > 0).mean()))

model = DirectionLSTM(HP["hidden"])
bce = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=HP["lr"])


def run(dl, train):
    model.train(train)
    loss_sum = right = n = 0
    with torch.set_grad_enabled(train):
        for x, y in dl:
            logit = model(x)
            loss = bce(logit, y)
            if train:
                opt.zero_grad()
                loss.backward()
                opt.step()
            loss_sum += loss.item() * len(y)
            right += ((logit > 0).float() == y).sum().item()
            n += len(y)
    return loss_sum / n, right / n


for epoch in range(HP["epochs"]):
    tr, te = run(train_dl, True), run(test_dl, False)
    print(f"epoch {epoch + 1}  train loss {tr[0]:.4f} acc {tr[1]:.3f}   test loss {te[0]:.4f} acc {te[1]:.3f}")
# two layers, GRU, window 60, hidden 128, lr 1e-2: the test accuracy stays where it is
