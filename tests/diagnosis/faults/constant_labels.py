import torch
from diagnosis.faults.made import fit, mlp, rings
from torch.nn import functional as F


def train(broken):
    x, y = rings()
    y = (y >= 0).long() if broken else (y > 0).long()
    model = mlp(2, 24, 2)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, F.cross_entropy, x, y)
