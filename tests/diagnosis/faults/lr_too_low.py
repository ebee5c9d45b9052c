import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 32, 4)
    opt = torch.optim.SGD(model.parameters(), lr=1e-6 if broken else 0.1)
    fit(model, opt, F.cross_entropy, x, y, epochs=8)
