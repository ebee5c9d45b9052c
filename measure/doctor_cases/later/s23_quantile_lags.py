# Quantile forecast of a seasonal AR series from lag features. Split by time, scaler from the train part only.
import numpy as np
import torch
import torch.nn as nn

SEED, LAGS, Q = 3, 24, (0.1, 0.5, 0.9)
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)

# --- series: daily season of period 24 + AR(2) + noise whose size follows the season
n = 12000
t = np.arange(n)
season = 3 * np.sin(2 * np.pi * t / 24) + np.cos(4 * np.pi * t / 24)
sigma = 0.6 + 0.4 * np.sin(2 * np.pi * t / 24)
eps = rng.normal(size=n) * sigma
ar = np.zeros(n)
for i in range(2, n):
    ar[i] = 0.6 * ar[i - 1] + 0.25 * ar[i - 2] + eps[i]
series = 10 + season + ar

# --- lag features: predict y[t] from y[t-24..t-1] and the hour of t
idx = np.arange(LAGS, n)
lags = np.stack([series[idx - k] for k in range(1, LAGS + 1)], 1)
hour = np.stack([np.sin(2 * np.pi * idx / 24), np.cos(2 * np.pi * idx / 24)], 1)
cut1, cut2 = int(0.7 * len(idx)), int(0.8 * len(idx))
mu, sd = lags[:cut1].mean(), lags[:cut1].std()
X = torch.tensor(np.hstack([(lags - mu) / sd, hour]), dtype=torch.float32)
Y = torch.tensor((series[idx] - mu) / sd, dtype=torch.float32)
X_tr, Y_tr, X_va, Y_va, X_te, Y_te = X[:cut1], Y[:cut1], X[cut1:cut2], Y[cut1:cut2], X[cut2:], Y[cut2:]
qs = torch.tensor(Q)


def pinball(pred, y):
    d = y[:, None] - pred
    return torch.maximum(qs * d, (qs - 1) * d).mean()


class QuantileNet(nn.Module):
    """Median plus positive steps: quantiles cannot cross. A linear skip carries the AR part."""

    def __init__(self, d, h=32):
        super().__init__()
        self.skip = nn.Linear(d, 1)
        self.net = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, 3))

    def forward(self, x):
        a, lo, hi = self.net(x).chunk(3, 1)
        mid = self.skip(x) + a
        return torch.cat([mid - nn.functional.softplus(lo), mid, mid + nn.functional.softplus(hi)], 1)


model = QuantileNet(X.shape[1])
opt = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4)
EPOCHS, BS, PATIENCE = 40, 128, 8
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, EPOCHS)
best_val, best_state, bad = float("inf"), None, 0
for epoch in range(1, EPOCHS + 1):
    model.train()
    total = 0.0
    for b in torch.randperm(len(X_tr)).split(BS):
        loss = pinball(model(X_tr[b]), Y_tr[b])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(b)
    sched.step()
    model.eval()
    with torch.no_grad():
        val = pinball(model(X_va), Y_va).item()
    if val < best_val - 1e-5:
        best_val, best_state, bad = val, {k: v.detach().clone() for k, v in model.state_dict().items()}, 0
    else:
        bad += 1
    if epoch % 5 == 0:
        print(f"epoch {epoch} pinball train {total / len(X_tr):.4f} val {val:.4f}")
    if bad >= PATIENCE:
        print(f"early stop at epoch {epoch}")
        break
model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    pred = model(X_te)
    loss = pinball(pred, Y_te).item()
    cover = [(Y_te < pred[:, k]).float().mean().item() for k in range(3)]
# the true conditional quantiles (known process), for comparison
ti = idx[cut2:]
true_mean = 10 + season[ti] + 0.6 * ar[ti - 1] + 0.25 * ar[ti - 2]
z = np.array([-1.2815516, 0.0, 1.2815516])
oracle = torch.tensor((true_mean[:, None] + sigma[ti][:, None] * z - mu) / sd, dtype=torch.float32)
naive = pinball(X_te[:, [23]].expand(-1, 3), Y_te).item()
print("coverage", [round(c, 3) for c in cover], "wanted", Q)
print(f"test pinball {loss:.4f}, true quantiles {pinball(oracle, Y_te).item():.4f}, same hour yesterday {naive:.4f}")
