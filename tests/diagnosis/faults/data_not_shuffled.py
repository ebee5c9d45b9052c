import torch
from diagnosis.faults.made import blobs, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    order = y.argsort()
    x, y = x[order], y[order]
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        mixed = torch.arange(600) if broken else torch.randperm(600)
        for index in mixed.split(30):
            opt.zero_grad()
            F.cross_entropy(model(x[index]), y[index]).backward()
            opt.step()
