import torch
from diagnosis.faults.made import fit, mlp, rings
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = rings()
    model = (
        nn.Sequential(nn.Linear(2, 24), nn.Linear(24, 24), nn.Linear(24, 2)) if broken else mlp(2, 24, 24, 2)
    )
    fit(model, torch.optim.Adam(model.parameters(), lr=0.01), F.cross_entropy, x, y, epochs=10)
