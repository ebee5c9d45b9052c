import torch
from diagnosis.faults.made import fit, mlp
from torch import nn


def train(broken):
    x = torch.randn(1000, 8)
    y = (x[:, 0] + x[:, 1] + 1.5 * torch.randn(1000) > 3.8).float()
    weight = None if broken else (y == 0).sum() / (y == 1).sum()
    model = mlp(8, 16, 1)
    opt = torch.optim.Adam(model.parameters(), lr=0.003)

    def loss_of(out, target):
        return nn.functional.binary_cross_entropy_with_logits(out[:, 0], target, pos_weight=weight)

    fit(model, opt, loss_of, x, y, epochs=6)
