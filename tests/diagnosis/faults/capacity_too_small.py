import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs(classes=8)
    model = mlp(8, 1 if broken else 32, 8)
    fit(model, torch.optim.Adam(model.parameters(), lr=0.01), F.cross_entropy, x, y, epochs=20)
