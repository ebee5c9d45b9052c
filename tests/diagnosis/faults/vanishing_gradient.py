import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, *[24] * 7, 4, act=nn.Sigmoid if broken else nn.ReLU)
    fit(model, torch.optim.Adam(model.parameters(), lr=0.003), F.cross_entropy, x, y, epochs=8)
