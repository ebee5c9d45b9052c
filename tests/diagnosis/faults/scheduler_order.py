import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    import warnings

    scheduler = torch.optim.lr_scheduler.StepLR(opt, 2, 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(5):
            if broken:
                scheduler.step()
            fit(model, opt, F.cross_entropy, x, y, epochs=1)
            if not broken:
                scheduler.step()
