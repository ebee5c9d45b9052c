import torch
from diagnosis.faults.made import blobs, mlp
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset


class Blobs(Dataset):
    def __init__(self, *, broken):
        self.broken = broken
        self.x, self.y = blobs(200)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        x, noise = self.x[i], 0.5 * torch.randn(8)
        if self.broken:
            x += noise
        else:
            x = x + noise
        return x, self.y[i]


def train(broken):
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    loader = DataLoader(Blobs(broken=broken), batch_size=25, shuffle=True)
    for _ in range(6):
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(model(x), y).backward()
            opt.step()
