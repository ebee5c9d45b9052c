import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(307)


def load(n):
    """Electric load by hour, season and temperature."""
    hour, season, temp = torch.rand(n) * 24, torch.rand(n), torch.randn(n)
    y = torch.sin(hour * 0.2618) + 0.5 * torch.cos(season * 6.283) + 0.4 * temp**2
    x = torch.stack([torch.sin(hour * 0.2618), torch.cos(hour * 0.2618), season * 2 - 1, temp], 1)
    return TensorDataset(x, y[:, None] + 0.05 * torch.randn(n, 1))


class LoadModel(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.a = nn.Linear(4, width)
        self.b = nn.Linear(width, width)
        self.c = nn.Linear(width, 1)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = self.drop(torch.relu(self.a(x)))
        x = self.drop(torch.relu(self.b(x)))
        return self.c(x)


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        self.loss = nn.MSELoss()

    def epoch(self, loader):
        total = 0.0
        for x, y in loader:
            loss = self.loss(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return total / len(loader)

    @torch.no_grad()
    def test(self, data):
        x, y = data.tensors
        error = self.loss(self.model(x), y)
        return 1 - (error / y.var()).item()


trainer = Trainer(LoadModel())
loader = DataLoader(load(2000), batch_size=50, shuffle=True)
for epoch in range(20):
    loss = trainer.epoch(loader)
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(loss, 4))
print("R2", trainer.test(load(500)))
