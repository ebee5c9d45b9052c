import torch
from diagnosis.faults.made import fit, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    y = 20000 + 5000 * y if broken else y
    model = mlp(4, 24, 1)
    fit(
        model,
        torch.optim.Adam(model.parameters(), lr=0.003),
        lambda o, t: F.mse_loss(o[:, 0], t),
        x,
        y,
        epochs=10,
    )
