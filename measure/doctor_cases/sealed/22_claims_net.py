import torch
from torch import nn

torch.manual_seed(90)


def claims(n):
    """Insurance claims: mostly small, now and then enormous."""
    x = torch.randn(n, 6)
    base = 1 + x[:, 0] * x[:, 1] + 0.5 * x[:, 2]
    spike = torch.where(torch.rand(n) < 0.03, 200 * torch.rand(n), torch.zeros(n))
    return x, base + spike, base


class ClaimNet(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.enc = nn.Linear(6, hidden)
        self.mix = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h = torch.relu(self.enc(x))
        h = torch.relu(self.mix(h))
        return self.out(h).flatten()


x_train, y_train, _ = claims(3000)
x_test, _, base_test = claims(800)
model = ClaimNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
criterion = nn.MSELoss()

for epoch in range(15):
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(30):
        optimizer.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx])
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", total / 100)

with torch.no_grad():
    error = (model(x_test) - base_test).abs()
print("median absolute error", error.nan_to_num(1e4).clamp(max=1e4).median().item())
