import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.5 if broken else 1e-3)
    fit(model, opt, F.cross_entropy, x, y, epochs=10)
