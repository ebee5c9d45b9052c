import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 32, 32, 32, 4, act=nn.Tanh)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=3.0 if broken else 0.25)
    fit(model, torch.optim.SGD(model.parameters(), lr=0.02), F.cross_entropy, x, y, epochs=6)
