import numpy as np
import torch
from torch import nn

torch.manual_seed(33)


def bags(n, size=9):
    """Sets of points; the answer depends on the order statistics of a hidden score."""
    pts = torch.randn(n, size, 2)
    score = (2 * pts[..., 0]).sin() + pts[..., 1] ** 2
    ranked = score.sort(dim=1).values
    return pts, ranked[:, size // 2] - 0.5 * ranked[:, 0]


class OrderNet(nn.Module):
    def __init__(self, size=9, channels=3):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, channels))
        self.decoder = nn.Sequential(nn.Linear(size * channels, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, pts):
        scores = self.encoder(pts)
        scores = torch.from_numpy(np.sort(scores.detach().numpy(), axis=1))
        return self.decoder(scores.flatten(1)).squeeze(-1)


x_train, y_train = bags(2000)
x_test, y_test = bags(500)
net = OrderNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
lossfn = nn.MSELoss()

for epoch in range(30):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(50):
        loss = lossfn(net(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if epoch % 6 == 0:
        print(f"epoch {epoch:2d}: mse {total / len(x_train):.4f}")

net.eval()
with torch.no_grad():
    mse = lossfn(net(x_test), y_test).item()
print("r2", 1 - mse / y_test.var().item())
