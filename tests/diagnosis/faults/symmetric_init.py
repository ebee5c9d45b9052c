import torch
from diagnosis.faults.made import fit, mlp, rings
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = rings()
    model = mlp(2, 24, 2, act=nn.Tanh)
    if broken:
        nn.init.constant_(model[0].weight, 0.3)
        nn.init.constant_(model[0].bias, 0.1)
        nn.init.constant_(model[2].weight, 0.1)
    fit(model, torch.optim.Adam(model.parameters(), lr=0.01), F.cross_entropy, x, y)
