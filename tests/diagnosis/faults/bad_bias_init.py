import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 24, 4)
    if broken:
        for layer in (model[0], model[2]):
            nn.init.constant_(layer.bias, -20.0)
    fit(model, torch.optim.Adam(model.parameters(), lr=0.003), F.cross_entropy, x, y)
