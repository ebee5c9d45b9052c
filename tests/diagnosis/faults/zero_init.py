import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 24, 4)
    if broken:
        for p in model.parameters():
            nn.init.zeros_(p)
    fit(model, torch.optim.Adam(model.parameters(), lr=0.01), F.cross_entropy, x, y)
