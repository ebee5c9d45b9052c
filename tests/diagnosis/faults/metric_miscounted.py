import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(4):
        fit(model, opt, F.cross_entropy, x[:500], y[:500], epochs=1)
        with torch.no_grad():
            outputs = model(x[500:])
            (torch.argmax(outputs, dim=None if broken else 1) == y[500:]).sum().item()
