import torch
from diagnosis.faults.made import batches, blobs, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.5)
    for place, index in enumerate(batches(600, 10, 6)):
        if broken:
            opt.zero_grad()
        (F.cross_entropy(model(x[index]), y[index]) / 4).backward()
        if place % 4 == 3:
            opt.step()
            opt.zero_grad()
