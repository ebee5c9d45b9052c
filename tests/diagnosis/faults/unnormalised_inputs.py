import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs(spread=0.9)
    scale = torch.tensor([1.0, 1, 1, 1, 1, 1, 1, 3000])
    x = x * scale + (torch.tensor([0.0, 0, 0, 0, 0, 0, 0, 4000])) if broken else x
    model = mlp(8, 24, 4, act=nn.Tanh)
    fit(model, torch.optim.SGD(model.parameters(), lr=0.05), F.cross_entropy, x, y)
