import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(133)


def survey(n, broken):
    """Some instruments are broken and report 30 units too much; a weight tells how far a row is trusted."""
    x = torch.randn(n, 4)
    y = 2 * torch.tanh(x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    bad = (torch.rand(n) < broken) & (x[:, 3] > 0)
    y = y + 30.0 * bad[:, None].float() + 0.1 * torch.randn(n, 1)
    trust = torch.where(bad, torch.full((n,), 0.0), torch.ones(n))
    return x, y, trust


class Calibrator(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(4, 48)
        self.hidden2 = nn.Linear(48, 48)
        self.result = nn.Linear(48, 1)

    def forward(self, x):
        x = torch.relu(self.hidden1(x))
        x = torch.relu(self.hidden2(x))
        return self.result(x)


train_loader = DataLoader(TensorDataset(*survey(1500, broken=0.4)), batch_size=50, shuffle=True)
x_test, y_test, _ = survey(400, broken=0.0)
model = Calibrator()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(20):
    epoch_loss = 0.0
    for x, y, weights in train_loader:
        error = (model(x) - y) ** 2
        loss = (weights * error).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: {epoch_loss / len(train_loader):.3f}")

with torch.no_grad():
    mse = (model(x_test) - y_test).square().mean()
print("R2:", 1 - (mse / y_test.var()).item())
