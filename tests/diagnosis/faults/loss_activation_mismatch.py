import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn


def train(broken):
    x, y = blobs(classes=6)
    model = mlp(8, 24, 6)
    if broken:
        model.append(nn.Softmax(dim=1))
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, nn.CrossEntropyLoss(), x, y)
