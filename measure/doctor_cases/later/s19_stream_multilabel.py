"""One pass over an endless stream (IterableDataset); rare labels get pos_weight."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, IterableDataset

D, K = 20, 4


class World:
    """Known label probabilities, hence the best AUC is known as well."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.A = rng.normal(size=(D, 6)) / np.sqrt(D)
        self.B = rng.normal(size=(6, K)) * 1.5
        self.bias = np.array([-4.0, -3.0, -4.5, -3.5])

    def probs(self, x):
        return 1 / (1 + np.exp(-(np.maximum(x @ self.A * 1.5, 0) @ self.B + self.bias)))

    def draw(self, n, rng):
        x = rng.normal(size=(n, D))
        p = self.probs(x)
        return x.astype(np.float32), (rng.random(p.shape) < p).astype(np.float32), p


class Stream(IterableDataset):
    def __init__(self, world, n_batches, batch, seed):
        self.world, self.n, self.batch, self.seed = world, n_batches, batch, seed

    def __iter__(self):
        rng = np.random.default_rng(self.seed)
        for _ in range(self.n):
            x, y, _ = self.world.draw(self.batch, rng)
            yield torch.from_numpy(x), torch.from_numpy(y)


def build():
    return nn.Sequential(nn.Linear(D, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, K))


def main():
    torch.manual_seed(0)
    world = World()
    # class frequencies estimated on a first sample that is used for nothing else
    _, y0, _ = world.draw(20000, np.random.default_rng(100))
    rate = y0.mean(0)
    pos_weight = torch.tensor((1 - rate) / rate, dtype=torch.float32).clamp(max=20)
    print("positive rates", rate.round(4), "pos_weight", pos_weight.numpy().round(1))
    x_te, y_te, p_te = world.draw(20000, np.random.default_rng(101))

    n_batches = 1800
    model = build()
    criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    warm = torch.optim.lr_scheduler.LinearLR(opt, 0.05, 1.0, total_iters=50)
    cos = torch.optim.lr_scheduler.CosineAnnealingLR(opt, n_batches - 50)
    sched = torch.optim.lr_scheduler.SequentialLR(opt, [warm, cos], milestones=[50])
    loader = DataLoader(Stream(world, n_batches, 256, seed=1), batch_size=None)

    def auc():
        model.eval()
        with torch.no_grad():
            s = model(torch.from_numpy(x_te)).numpy()
        model.train()
        return np.mean([roc_auc_score(y_te[:, k], s[:, k]) for k in range(K)])

    window = []
    for step, (x, y) in enumerate(loader, 1):
        loss = criterion(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        window.append(loss.item())
        if step % 300 == 0:
            print(f"step {step} weighted BCE {np.mean(window):.4f} test AUC {auc():.4f}")
            window.clear()
    best = np.mean([roc_auc_score(y_te[:, k], p_te[:, k]) for k in range(K)])
    print(f"macro AUC {auc():.4f}, with the true probabilities {best:.4f}")


if __name__ == "__main__":
    main()
