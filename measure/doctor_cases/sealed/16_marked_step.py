import torch
from torch import nn

torch.manual_seed(240)
STEPS, BATCH = 12, 50


def draws(n):
    """Value at the marked step: its sign is the class."""
    value = torch.randn(STEPS, n)
    mark = torch.zeros(STEPS, n)
    at = torch.randint(STEPS, (n,))
    mark[at, torch.arange(n)] = 1
    return torch.stack([value, mark], dim=-1), (value[at, torch.arange(n)] > 0).long()


class Attend(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.lift = nn.Sequential(nn.Linear(2, dim), nn.ReLU(), nn.Linear(dim, dim))
        self.score = nn.Linear(dim, 1)
        self.out = nn.Linear(dim, 2)

    def forward(self, x):
        h = self.lift(x)
        alpha = torch.softmax(self.score(h), dim=0)
        return self.out((alpha * h).sum(dim=0))


x_train, y_train = draws(2000)
x_test, y_test = draws(500)
model = Attend()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(15):
    total = 0.0
    for idx in torch.randperm(2000).split(BATCH):
        loss = nn.functional.cross_entropy(model(x_train[:, idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(total / 40, 4))
with torch.no_grad():
    print("accuracy", (model(x_test).argmax(1) == y_test).float().mean().item())
