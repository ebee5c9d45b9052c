import torch
from diagnosis.faults.made import blobs, fit
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs(400)
    model = nn.Sequential(nn.Linear(8, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 4))
    opt = torch.optim.SGD(model.parameters(), lr=0.02)
    fit(model, opt, F.cross_entropy, x, y, epochs=1 if broken else 4, size=2 if broken else 32)
