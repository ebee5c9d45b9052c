import torch
from sklearn.datasets import make_moons
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(70)


class Config:
    batch_size = 16
    effective_batch = 512
    epochs = 50
    lr = 1e-2


def dataset(n, seed):
    X, y = make_moons(n, noise=0.15, random_state=seed)
    return TensorDataset(torch.tensor(X).float(), torch.tensor(y))


class MoonNet(nn.Sequential):
    def __init__(self, width=32):
        super().__init__(
            nn.Linear(2, width),
            nn.LeakyReLU(0.1),
            nn.Linear(width, width),
            nn.LeakyReLU(0.1),
            nn.Linear(width, 2),
        )


def train(cfg, model, loader):
    accum_steps = cfg.effective_batch // cfg.batch_size
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(cfg.epochs):
        optimizer.zero_grad()
        total = 0.0
        for i, (x, y) in enumerate(loader):
            loss = criterion(model(x), y)
            (loss / accum_steps).backward()
            total += loss.item()
            if (i + 1) % accum_steps == 0:
                optimizer.step()
                optimizer.zero_grad()
        if epoch % 10 == 0:
            print("epoch", epoch, "loss", round(total / len(loader), 4))


cfg = Config()
model = MoonNet()
train(cfg, model, DataLoader(dataset(320, 0), batch_size=cfg.batch_size, shuffle=True))
x, y = dataset(1000, 1).tensors
with torch.no_grad():
    print("accuracy", (model(x).argmax(1) == y).float().mean().item())
