import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 2)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    model[2] = nn.Linear(24, 4)
    if not broken:
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, F.cross_entropy, x, y)
