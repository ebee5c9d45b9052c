import copy

import torch
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs(260, spread=2.5)
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    lowest, best = float("inf"), model.state_dict()
    for _ in range(12):
        fit(model, opt, F.cross_entropy, x[:60], y[:60], epochs=4)
        with torch.no_grad():
            value = F.cross_entropy(model(x[60:]), y[60:]).item()
        if value < lowest:
            lowest, best = value, model.state_dict()
            if not broken:
                best = copy.deepcopy(best)
    model.load_state_dict(best)
