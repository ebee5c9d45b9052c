import torch
from diagnosis.faults.made import blobs, fit
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Dropout(0.5), nn.Linear(24, 4))
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(5):
        model.train()
        fit(model, opt, F.cross_entropy, x[:500], y[:500], epochs=1)
        if not broken:
            model.eval()
        with torch.no_grad():
            (model(x[500:]).argmax(1) == y[500:]).float().mean()
