import torch
from diagnosis.faults.made import blobs, fit
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Dropout(0.95 if broken else 0.3), nn.Linear(48, 4))
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, F.cross_entropy, x, y)
