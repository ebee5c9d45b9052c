import torch
from diagnosis.faults.made import batches, blobs, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for index in batches(600, 30, 5):
        loss = F.cross_entropy(model(x[index]), y[index])
        loss.backward()
        opt.step()
        if not broken:
            model.zero_grad()
