import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    limit = 1e-4 if broken else 5.0
    fit(model, opt, F.cross_entropy, x, y, after=lambda: nn.utils.clip_grad_norm_(model.parameters(), limit))
