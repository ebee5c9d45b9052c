import torch
from diagnosis.faults.made import fit, mlp, rings
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = rings()
    model = mlp(2, 24, 24, 2, act=nn.Tanh)
    if broken:
        with torch.no_grad():
            model[0].weight.mul_(40)
            model[2].weight.mul_(30)
    fit(model, torch.optim.SGD(model.parameters(), lr=0.1), F.cross_entropy, x, y, epochs=14)
