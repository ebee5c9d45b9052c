import torch
from diagnosis.faults.made import fit, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    model = mlp(4, 24, 1)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(model, opt, F.mse_loss if broken else lambda out, t: F.mse_loss(out, t[:, None]), x, y)
