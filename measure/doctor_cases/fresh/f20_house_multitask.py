# One trunk, two heads: type of the house (3 classes) and its price. Simulated listings.
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

SEED = 31
torch.manual_seed(SEED)
np.random.seed(SEED)


def listings(n=2500):
    area = np.random.uniform(40, 250, n)
    garden = np.random.exponential(120, n)
    floors = np.random.randint(1, 5, n)
    age = np.random.uniform(0, 90, n)
    center = np.random.uniform(0, 25, n)
    noise = np.random.randn(n)
    kind = np.where(floors + 0.012 * area > 4.1, 0, np.where(garden > 85, 1, 2))
    price = 2300 * area + 300 * garden - 900 * age - 5200 * center + 60000 + 12000 * noise
    X = np.stack([area, garden, floors, age, center], 1)
    return X, kind, price


class MultiTask(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.kind_head = nn.Linear(64, 3)
        self.price_head = nn.Linear(64, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.kind_head(h), self.price_head(h).squeeze(-1)


X, kind, price = listings()
n_tr = 2000
X = StandardScaler().fit(X[:n_tr]).transform(X)
PRICE_UNIT = 1.0
x = torch.tensor(X, dtype=torch.float32)
k = torch.tensor(kind, dtype=torch.long)
p = torch.tensor(price / PRICE_UNIT, dtype=torch.float32)
train_dl = DataLoader(TensorDataset(x[:n_tr], k[:n_tr], p[:n_tr]), batch_size=50, shuffle=True)
xv, kv, pv = x[n_tr:], k[n_tr:], p[n_tr:]
print("types:", np.bincount(kind), " price mean %.0f std %.0f" % (price.mean(), price.std()))

net = MultiTask(X.shape[1])
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)

for epoch in range(1, 21):
    net.train()
    ce_sum = mse_sum = 0.0
    for xb, kb, pb in train_dl:
        out_kind, out_price = net(xb)
        ce = F.cross_entropy(out_kind, kb)
        mse = F.mse_loss(out_price, pb)
        loss = ce + mse
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)  # was nan without
        opt.step()
        ce_sum += ce.item()
        mse_sum += mse.item()
    if epoch % 4 == 0:
        net.eval()
        with torch.no_grad():
            ok, op = net(xv)
        acc = (ok.argmax(1) == kv).float().mean().item()
        r2 = 1 - ((op - pv) ** 2).mean().item() / pv.var().item()
        # 10x larger kind head, class weights: no
        print(f"epoch {epoch:2d}: ce {ce_sum / len(train_dl):.4f} mse {mse_sum / len(train_dl):.4g} | "
              f"val type acc {acc:.3f}  val price R2 {r2:.3f}")
