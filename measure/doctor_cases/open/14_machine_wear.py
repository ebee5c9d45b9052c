import numpy as np
import torch
import torch.nn.functional as F
from sklearn.preprocessing import StandardScaler
from torch import nn

rng = np.random.default_rng(11)
torch.manual_seed(11)


def machine(n_rows):
    """Readings of one machine: each has its own working point."""
    centre = rng.normal(0, 3, size=4)
    rows = centre + rng.normal(0, 0.7, size=(n_rows, 4))
    wear = np.sin(rows[:, 0] / 2) + 0.4 * rows[:, 1] - 0.2 * rows[:, 2] * (rows[:, 3] > 0)
    return rows.astype("float32"), (wear + rng.normal(0, 0.05, n_rows)).astype("float32")


fleet = [machine(30) for _ in range(80)]
new_machines = [machine(30) for _ in range(20)]

X = np.concatenate([rows for rows, _ in fleet])
y = torch.from_numpy(np.concatenate([wear for _, wear in fleet]))
scaler = StandardScaler()
X = torch.from_numpy(scaler.fit_transform(X))


class WearNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.l1 = nn.Linear(4, width)
        self.l2 = nn.Linear(width, width)
        self.l3 = nn.Linear(width, 1)

    def forward(self, x):
        x = F.silu(self.l1(x))
        x = F.silu(self.l2(x))
        return self.l3(x).squeeze(1)


def predict(model, rows):
    rows = scaler.fit_transform(rows)
    with torch.no_grad():
        return model(torch.from_numpy(rows)).numpy()


model = WearNet()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(40):
    for idx in torch.randperm(len(X)).split(128):
        loss = F.mse_loss(model(X[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "mse", round(loss.item(), 4))

truth = np.concatenate([wear for _, wear in new_machines])
guess = np.concatenate([predict(model, rows) for rows, _ in new_machines])
print("r2 on new machines:", 1 - ((guess - truth) ** 2).mean() / truth.var())
