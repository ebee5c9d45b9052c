import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs(300, spread=3.5, features=20)
    n = 60 if broken else 200
    model = mlp(20, 256, 256, 4) if broken else mlp(20, 8, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.003, weight_decay=0.0 if broken else 0.05)
    for _ in range(40 if broken else 12):
        fit(model, opt, F.cross_entropy, x[:n], y[:n], epochs=1, size=20)
        with torch.no_grad():
            F.cross_entropy(model(x[200:]), y[200:])
