import torch
from diagnosis.faults.made import fit, mlp, surface
from torch import nn


def train(broken):
    x, y = surface()
    model = mlp(4, 24, 1)
    if broken:
        model.append(nn.Sigmoid())
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, nn.MSELoss(), x, 2 * y[:, None])
