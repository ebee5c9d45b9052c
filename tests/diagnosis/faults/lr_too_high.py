import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs(spread=1.0)
    model = mlp(8, 32, 32, 4)
    opt = torch.optim.Adam(model.parameters(), lr=1.0 if broken else 0.005)
    fit(model, opt, F.cross_entropy, x, y, epochs=8)
