import torch
from diagnosis.faults.made import batches, blobs, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for index in batches(600, 30, 5):
        opt.zero_grad()
        loss = F.cross_entropy(model(x[index]), y[index])
        if broken:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        loss.backward()
        if not broken:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
