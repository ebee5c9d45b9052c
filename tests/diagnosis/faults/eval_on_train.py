import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs()
    train_x, valid_x = x[:400].clone(), x[400:].clone()
    model = mlp(8, 32, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(8):
        fit(model, opt, F.cross_entropy, train_x, y[:400], epochs=1)
        with torch.no_grad():
            (model(train_x).argmax(1) == y[:400]).float().mean() if broken else (
                model(valid_x).argmax(1) == y[400:]
            ).float().mean()
