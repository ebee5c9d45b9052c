"""Contrastive pre-training on periodic signals, then a nearest-neighbour check on the embeddings."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.neighbors import KNeighborsClassifier

SEED = 19
torch.manual_seed(SEED)

LENGTH, CLASSES, BATCH, EPOCHS, TAU = 64, 8, 64, 10, 0.2
LABELLED = 80


def make_prototypes():
    t = torch.arange(LENGTH) / LENGTH * 2 * math.pi
    rows = []
    for _ in range(CLASSES):
        amp, phase = torch.rand(5), torch.rand(5) * 2 * math.pi
        w = sum(amp[k] * torch.sin((k + 1) * t + phase[k]) for k in range(5))
        rows.append((w - w.mean()) / w.std())
    return torch.stack(rows)


def roll_rows(x):
    shift = torch.randint(0, LENGTH, (len(x), 1))
    return x.gather(1, (torch.arange(LENGTH)[None] + shift) % LENGTH)


def make_split(prototypes, n):
    y = torch.randint(0, CLASSES, (n,))
    x = roll_rows(prototypes[y]) + 0.6 * torch.randn(n, LENGTH)
    return x, y


def augment(x):
    scale = 0.8 + 0.4 * torch.rand(len(x), 1)
    return roll_rows(x) * scale + 0.2 * torch.randn_like(x)


class Encoder(nn.Module):
    def __init__(self, width=24, out=32):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(1, width, 9, padding=4, padding_mode="circular"), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(width, width, 9, padding=4, padding_mode="circular"), nn.ReLU(), nn.MaxPool1d(2),
            nn.Flatten(), nn.Linear(width * LENGTH // 4, 64), nn.ReLU())
        self.proj = nn.Linear(64, out)

    def forward(self, x):
        h = self.net(x[:, None])
        return h, self.proj(h)


def nt_xent(z1, z2):
    z = F.normalize(torch.cat([z1, z2], dim=0), dim=1)
    sim = z @ z.t() / TAU
    sim.fill_diagonal_(float("-inf"))
    positive = torch.arange(len(z)) ^ 1
    return F.cross_entropy(sim, positive)


@torch.no_grad()
def knn_score(model, train, test):
    model.eval()
    a, b = model(train[0][:LABELLED])[0], model(test[0])[0]
    knn = KNeighborsClassifier(5).fit(F.normalize(a, dim=1).numpy(), train[1][:LABELLED].numpy())
    return knn.score(F.normalize(b, dim=1).numpy(), test[1].numpy())


def main():
    prototypes = make_prototypes()
    train, test = make_split(prototypes, 1280), make_split(prototypes, 500)
    model = Encoder()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    print(f"before training: kNN accuracy {knn_score(model, train, test):.3f}")
    for epoch in range(1, EPOCHS + 1):
        model.train()
        total, batches = 0.0, torch.randperm(len(train[0])).split(BATCH)
        for idx in batches:
            x = train[0][idx]
            _, z1 = model(augment(x))
            _, z2 = model(augment(x))
            loss = nt_xent(z1, z2)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"epoch {epoch:2d} nt-xent {total / len(batches):.4f}")
    print(f"after training: kNN accuracy {knn_score(model, train, test):.4f}")


if __name__ == "__main__":
    main()
