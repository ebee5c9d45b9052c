import torch
from diagnosis.faults.made import batches, blobs, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs(spread=1.5)
    model = mlp(8, 24, 4)

    def optimizer():
        return torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9)

    opt = optimizer()
    for index in batches(600, 30, 12):
        if broken:
            opt = optimizer()
        opt.zero_grad()
        F.cross_entropy(model(x[index]), y[index]).backward()
        opt.step()
