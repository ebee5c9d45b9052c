import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    x = x.abs()
    model = mlp(8, 24, 24, 4)
    if broken:
        nn.init.uniform_(model[0].weight, -0.5, -0.1)
        nn.init.zeros_(model[0].bias)
    fit(model, torch.optim.SGD(model.parameters(), lr=0.05), F.cross_entropy, x, y, epochs=8)
