"""Strength of concrete mixes from the recipe (numbers simulated here, the real table is
not mine to share). Sklearn's RandomForest gets R2 about 0.9 on this, the net should too."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

SEED = 21
np.random.seed(SEED)
torch.manual_seed(SEED)

COLS = ["cement", "slag", "ash", "water", "plasticizer", "coarse", "fine", "age"]


def simulate(n=1500):
    u = np.random.rand(n, len(COLS))
    cement, slag, ash, water, plast, coarse, fine, age = u.T
    strength = (25 * cement + 10 * slag + 4 * ash - 18 * water + 6 * plast
                + 12 * np.sqrt(age) + 8 * cement * age + np.random.randn(n) * 1.0)
    return u.astype(np.float32), strength.astype(np.float32)


class Net(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(d, 64), nn.ReLU(),
            nn.Linear(64, 64), nn.ReLU(),
            nn.Linear(64, 1),
        )

    def forward(self, x):
        return self.body(x)


class RMSELoss(nn.Module):
    """sqrt of the mse, so that the printed loss has the unit of the target"""

    def __init__(self, eps=1e-8):
        super().__init__()
        self.eps = eps

    def forward(self, pred, target):
        return torch.sqrt(((pred - target) ** 2).mean() + self.eps)


def batches(x, y, size):
    perm = torch.randperm(len(x))
    for i in range(0, len(x), size):
        idx = perm[i:i + size]
        yield x[idx], y[idx]


X, y = simulate()
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, random_state=SEED)
X_tr = (X_tr - 0.5) / 0.29
X_te = (X_te - 0.5) / 0.29
y_mu, y_sd = y_tr.mean(), y_tr.std()

rf = RandomForestRegressor(n_estimators=40, random_state=0).fit(X_tr, y_tr)
print("random forest R2: %.3f" % r2_score(y_te, rf.predict(X_te)))

xt = torch.from_numpy(X_tr)
yt = torch.from_numpy((y_tr - y_mu) / y_sd)
xv = torch.from_numpy(X_te)

net = Net(len(COLS))
criterion = RMSELoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
# 300 epochs, wider layers, lr from 1e-2 to 1e-5: all the same R2
for epoch in range(40):
    net.train()
    losses = []
    for xb, yb in batches(xt, yt, 32):
        opt.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    if epoch % 5 == 4:
        net.eval()
        with torch.no_grad():
            pred = net(xv).numpy().ravel() * y_sd + y_mu
        print("epoch %3d  train loss %.4f  test R2 %.3f  (pred std %.2f, target std %.2f)"
              % (epoch + 1, np.mean(losses), r2_score(y_te, pred), pred.std(), y_te.std()))
