import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(127)


def springs(n):
    """Energy of two coupled springs."""
    q = torch.randn(n, 4)
    energy = 0.5 * (q[:, 2:] ** 2).sum(1) + 0.5 * q[:, 0] ** 2 + 0.5 * (q[:, 1] - q[:, 0]) ** 2
    return q, energy[:, None]


class Energy(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(4, width), nn.Softplus(), nn.Linear(width, width), nn.Softplus())
        self.g = nn.Linear(width, 1)

    def forward(self, q):
        return self.g(self.f(q))


class Experiment:
    def __init__(self):
        self.model = Energy()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=3e-3)
        self.criterion = nn.MSELoss()
        self.train_loader = DataLoader(TensorDataset(*springs(1600)), batch_size=64, shuffle=True)
        self.test = springs(400)

    def optimise(self, loss):
        loss.backward()
        self.optimizer.zero_grad()
        self.optimizer.step()

    def run(self, epochs):
        for epoch in range(epochs):
            for q, e in self.train_loader:
                loss = self.criterion(self.model(q), e)
                self.optimise(loss)
            if epoch % 5 == 4:
                print("epoch", epoch + 1, "loss", round(loss.item(), 4))

    def score(self):
        q, e = self.test
        with torch.no_grad():
            return 1 - (self.criterion(self.model(q), e) / e.var()).item()


experiment = Experiment()
experiment.run(20)
print("R2", experiment.score())
