import torch
from diagnosis.faults.made import blobs, fit
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    x = 10 * x + 40
    slow = 0.0001 if broken else 0.1
    model = nn.Sequential(
        nn.BatchNorm1d(8, momentum=slow),
        nn.Linear(8, 24),
        nn.BatchNorm1d(24, momentum=slow),
        nn.ReLU(),
        nn.Linear(24, 4),
    )
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(4):
        model.train()
        fit(model, opt, F.cross_entropy, x[:500], y[:500], epochs=1)
        model.eval()
        with torch.no_grad():
            (model(x[500:]).argmax(1) == y[500:]).float().mean()
