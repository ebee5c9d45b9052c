import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn


def train(broken):
    x, y = blobs(800, classes=2, spread=0.9)
    keep = (y == 0) | (torch.rand(800) < 0.15)
    x, y = x[keep], y[keep]
    counts = torch.bincount(y).float()
    weights = counts / counts.sum() if broken else counts.sum() / counts
    model = mlp(8, 16, 2)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, nn.CrossEntropyLoss(weight=weights), x, y, epochs=5)
