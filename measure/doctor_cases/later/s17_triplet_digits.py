"""Metric learning on digits with batch-hard triplets; tested on classes seen, by 5-NN in the embedding."""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.data import DataLoader, Sampler, TensorDataset


class PKSampler(Sampler):
    """P classes times K samples a batch."""

    def __init__(self, labels, p=10, k=8, n_batches=18, generator=None):
        self.by_class = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.p, self.k, self.n, self.g = p, k, n_batches, generator

    def __iter__(self):
        for _ in range(self.n):
            batch = []
            for c in torch.randperm(len(self.by_class), generator=self.g)[: self.p]:
                pool = self.by_class[c]
                batch += pool[torch.randperm(len(pool), generator=self.g)[: self.k]].tolist()
            yield batch

    def __len__(self):
        return self.n


class Embedder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.conv = nn.Sequential(weight_norm(nn.Conv2d(1, 16, 3, padding=1)), nn.ReLU(), nn.MaxPool2d(2),
                                  weight_norm(nn.Conv2d(16, 32, 3, padding=1)), nn.ReLU())
        self.fc = nn.Linear(32 * 16, dim)

    def forward(self, x):
        return F.normalize(self.fc(self.conv(x).flatten(1)), dim=1)


def batch_hard(emb, y, margin):
    d = (2 - 2 * emb @ emb.T).clamp_min(1e-8).sqrt()
    same = y[:, None] == y[None, :]
    hardest_pos = d.masked_fill(~same, 0).max(1).values
    hardest_neg = d.masked_fill(same, float("inf")).min(1).values
    hinge = F.relu(hardest_pos - hardest_neg + margin)
    return hinge.mean(), (hinge > 0).float().mean()


@torch.no_grad()
def knn_accuracy(model, xa, ya, xb, yb):
    model.eval()
    ea, eb = model(xa).numpy(), model(xb).numpy()
    model.train()
    return KNeighborsClassifier(5).fit(ea, ya.numpy()).score(eb, yb.numpy())


def run(args):
    torch.manual_seed(args.seed)
    digits = load_digits()
    X = torch.tensor(digits.images / 8.0 - 1.0, dtype=torch.float32)[:, None]
    y = torch.tensor(digits.target)
    itr, ite = train_test_split(torch.arange(len(y)).numpy(), test_size=0.3, random_state=args.seed, stratify=y.numpy())
    xa, ya, xb, yb = X[itr], y[itr], X[ite], y[ite]
    raw = KNeighborsClassifier(5).fit(xa.flatten(1).numpy(), ya.numpy()).score(xb.flatten(1).numpy(), yb.numpy())
    loader = DataLoader(TensorDataset(xa, ya), batch_sampler=PKSampler(ya, generator=torch.Generator().manual_seed(args.seed)))

    model = Embedder()
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, args.epochs)
    for epoch in range(1, args.epochs + 1):
        loss_sum, active_sum = 0.0, 0.0
        for xb_, yb_ in loader:
            loss, active = batch_hard(model(xb_), yb_, args.margin)
            opt.zero_grad()
            loss.backward()
            opt.step()
            loss_sum += loss.item() / len(loader)
            active_sum += active.item() / len(loader)
        sched.step()
        if epoch % 4 == 0:
            print(f"epoch {epoch} loss {loss_sum:.4f} active triplets {active_sum:.3f} 5-NN {knn_accuracy(model, xa, ya, xb, yb):.4f}")
    print(f"5-NN accuracy: raw pixels {raw:.4f}, learnt embedding {knn_accuracy(model, xa, ya, xb, yb):.4f}")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=20)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--margin", type=float, default=0.3)
    ap.add_argument("--seed", type=int, default=1)
    run(ap.parse_args())
