"""Labels come from annotators who are wrong in 20 % of the cases; both the training and the
validation labels are noisy, so ~0.80 is all one can measure on them."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.utils.data import DataLoader, TensorDataset

NOISE = 0.20


def annotate(y, rng):
    flip = rng.random(len(y)) < NOISE
    return np.where(flip, 1 - y, y)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 32), nn.Linear(32, 32)])
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.out(x).squeeze(1)


def main():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    X, y_true = make_moons(6000, noise=0.12, random_state=0)
    y_obs = annotate(y_true, rng)
    X = torch.tensor(X, dtype=torch.float32)
    t_obs, t_true = torch.tensor(y_obs, dtype=torch.float32), torch.tensor(y_true, dtype=torch.float32)
    dl = DataLoader(TensorDataset(X[:4800], t_obs[:4800]), batch_size=64, shuffle=True)
    net = Tagger()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4)
    bce = nn.BCEWithLogitsLoss()
    h = -(NOISE * np.log(NOISE) + (1 - NOISE) * np.log(1 - NOISE))
    print(f"best reachable: accuracy {1 - NOISE:.2f}, loss {h:.4f}")
    for epoch in range(1, 13):
        net.train()
        tot = hit = 0.0
        for xb, yb in dl:
            logit = net(xb)
            loss = bce(logit, yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(yb)
            hit += ((logit > 0).float() == yb).sum().item()
        net.eval()
        with torch.no_grad():
            out = net(X[4800:])
            vl = bce(out, t_obs[4800:]).item()
            pred = (out > 0).float()
        print(f"epoch {epoch:2d} train loss {tot / 4800:.4f} acc {hit / 4800:.3f} | val loss {vl:.4f} "
              f"acc {(pred == t_obs[4800:]).float().mean():.3f} | against the gold labels "
              f"{(pred == t_true[4800:]).float().mean():.3f}")


if __name__ == "__main__":
    main()
