"""SimSiam on synthetic 'spectra': cosine loss with stop-gradient, then a k-NN and a linear probe."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

L, CLASSES = 48, 6


def make_spectra(n, seed):
    """Class = positions of two peaks; a sample differs by shift of gain, baseline slope and noise."""
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(CLASSES, (n,), generator=g)
    grid = torch.arange(L).float()
    c1 = torch.tensor([8., 8., 16., 16., 24., 24.])[y][:, None]
    c2 = torch.tensor([30., 38., 34., 42., 32., 40.])[y][:, None]
    clean = (-(grid - c1) ** 2 / 8).exp() + (-(grid - c2) ** 2 / 8).exp()
    return nuisance(clean, g), y


def nuisance(x, g=None):
    n = len(x)
    gain = 0.6 + 0.8 * torch.rand(n, 1, generator=g)
    slope = 2 * torch.randn(n, 1, generator=g) * torch.linspace(-1, 1, L)
    return gain * x + slope + 0.15 * torch.randn(x.shape, generator=g)


class SimSiam(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(L, 96, bias=False), nn.BatchNorm1d(96), nn.ReLU(),
                                     nn.Linear(96, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU())
        self.projector = nn.Sequential(nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(),
                                       nn.Linear(64, dim, bias=False), nn.BatchNorm1d(dim, affine=False))
        self.predictor = nn.Sequential(nn.Linear(dim, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, dim))

    def forward(self, a, b):
        za, zb = self.projector(self.encoder(a)), self.projector(self.encoder(b))
        pa, pb = self.predictor(za), self.predictor(zb)
        loss = -0.5 * (F.cosine_similarity(pa, zb.detach()).mean() + F.cosine_similarity(pb, za.detach()).mean())
        return loss, za.detach()


@torch.no_grad()
def features(model, x):
    model.eval()
    out = model.encoder(x)
    model.train()
    return out.numpy()


def probe(model, train, test):
    (xa, ya), (xb, yb) = train, test
    fa, fb = features(model, xa), features(model, xb)
    knn = KNeighborsClassifier(10).fit(fa, ya.numpy()).score(fb, yb.numpy())
    lin = LogisticRegression(max_iter=500).fit(fa[:300], ya[:300].numpy()).score(fb, yb.numpy())
    return knn, lin


def main():
    torch.manual_seed(3)
    train, test = make_spectra(3000, 0), make_spectra(1000, 1)
    model = SimSiam()
    base = KNeighborsClassifier(10).fit(train[0].numpy(), train[1].numpy()).score(test[0].numpy(), test[1].numpy())
    epochs, bs = 30, 250
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda e: 0.5 * (1 + math.cos(math.pi * e / epochs)))
    print(f"k-NN on raw spectra {base:.3f}, k-NN on the untrained encoder {probe(model, train, test)[0]:.3f}")
    for epoch in range(1, epochs + 1):
        total, spread = 0.0, 0.0
        for idx in torch.randperm(len(train[0])).split(bs):
            x = train[0][idx]
            loss, z = model(nuisance(x), nuisance(x))
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx) / len(train[0])
            spread += F.normalize(z, dim=1).std(0).mean().item() * len(idx) / len(train[0])
        sched.step()
        if epoch % 5 == 0:
            print(f"epoch {epoch:2d} loss {total:.4f} std of unit vectors {spread:.3f} (1/sqrt(d) = {1 / math.sqrt(32):.3f}) "
                  f"k-NN {probe(model, train, test)[0]:.3f}")
    knn, lin = probe(model, train, test)
    print(f"final k-NN accuracy {knn:.4f} linear probe with 300 labels {lin:.4f} (raw k-NN {base:.4f})")


if __name__ == "__main__":
    main()
