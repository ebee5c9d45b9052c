import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(35)


def stack(sizes):
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers)


class ProfitModel(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.norm = nn.LayerNorm(n_features)
        self.mlp = stack([n_features, 64, 64, 1])

    def forward(self, x):
        return self.mlp(self.norm(x))


x = torch.randn(2000, 6)
revenue = 2 * x[:, 0] + x[:, 1] * x[:, 2]
cost = 1.5 * x[:, 3] + x[:, 4].abs() - 0.8
profit = (revenue - cost + 0.1 * torch.randn(2000)).unsqueeze(1)

train, test = random_split(TensorDataset(x, profit), [1600, 400])
model = ProfitModel(6)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()

for epoch in range(40):
    model.train()
    for xb, yb in DataLoader(train, batch_size=64, shuffle=True):
        opt.zero_grad()
        loss = mse(model(xb), yb)
        loss.backward()
        opt.step()
    if (epoch + 1) % 10 == 0:
        print(f"epoch {epoch + 1}/40, batch loss {loss.item():.3f}")

model.eval()
with torch.no_grad():
    xb, yb = next(iter(DataLoader(test, batch_size=len(test))))
    r2 = 1 - mse(model(xb), yb) / yb.var()
print("Test R^2:", r2.item())
