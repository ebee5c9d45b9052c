import torch
from torch import nn

torch.manual_seed(80)
SIZES = {"weather": 4, "traffic": 3, "calendar": 5}


def sample(n):
    parts = {name: torch.randn(n, k) for name, k in SIZES.items()}
    w, t, c = parts["weather"], parts["traffic"], parts["calendar"]
    demand = w[:, 0] * w[:, 1] + (3 * t[:, 2]).sin() + c[:, 0].abs() - c[:, 3] * c[:, 4]
    return parts, demand + 0.05 * torch.randn(n)


def pick(parts, idx):
    return {name: part[idx] for name, part in parts.items()}


class Demand(nn.Module):
    def __init__(self, hidden=10):
        super().__init__()
        self.branches = {
            name: nn.Sequential(nn.Linear(k, 32), nn.ReLU(), nn.Linear(32, hidden))
            for name, k in SIZES.items()
        }
        self.merge = nn.Linear(hidden * len(SIZES), 1)

    def forward(self, parts):
        encoded = [torch.relu(self.branches[name](part)) for name, part in parts.items()]
        return self.merge(torch.cat(encoded, dim=1))[:, 0]


train_parts, train_demand = sample(2000)
test_parts, test_demand = sample(500)
model = Demand()
print("trainable parameters:", sum(p.numel() for p in model.parameters()))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(50):
    for idx in torch.randperm(2000).split(64):
        prediction = model(pick(train_parts, idx))
        loss = nn.functional.mse_loss(prediction, train_demand[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch}: {loss.item():.3f}")

with torch.no_grad():
    mse = nn.functional.mse_loss(model(test_parts), test_demand)
print("R2", 1 - (mse / test_demand.var()).item())
