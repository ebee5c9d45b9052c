import torch
from diagnosis.faults.made import blobs, fit
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs(400)
    x = 20 * x + 30
    norm = nn.BatchNorm1d(8, momentum=0.0) if broken else nn.BatchNorm1d(8)
    model = nn.Sequential(norm, nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 4))
    opt = torch.optim.Adam(model.parameters(), lr=0.02)
    fit(model, opt, F.cross_entropy, x, y, epochs=6)
    model.eval()
    with torch.no_grad():
        model(x[:200])
