import torch
from diagnosis.faults.made import blobs, mlp
from torch.nn import functional as F


def train(broken):
    from torch.utils.data import DataLoader, TensorDataset

    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    xb, yb = next(iter(loader))
    for _ in range(3):
        for xn, yn in loader:
            if not broken:
                xb, yb = xn, yn
            opt.zero_grad()
            F.cross_entropy(model(xb), yb).backward()
            opt.step()
