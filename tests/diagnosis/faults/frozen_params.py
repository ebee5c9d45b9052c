import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 6, 6, 4)  # so few random features tell little
    for layer in (model[0], model[2]):
        layer.requires_grad_(not broken)
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    fit(model, opt, F.cross_entropy, x, y)
