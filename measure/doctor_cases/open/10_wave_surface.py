import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(6)
ACCUMULATE = 16


def surface(n):
    p = torch.rand(n, 2) * 4 - 2
    z = torch.sin(2 * p[:, :1]) * torch.cos(p[:, 1:])
    return p, z


class SurfaceNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1)
        )

    def forward(self, p):
        return self.net(p)


loader = DataLoader(TensorDataset(*surface(1024)), batch_size=4, shuffle=True)
p_test, z_test = surface(500)
model = SurfaceNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
loss_fn = nn.MSELoss()

for epoch in range(24):
    running = 0.0
    for i, (p, z) in enumerate(loader):
        optimizer.zero_grad()
        loss = loss_fn(model(p), z) / ACCUMULATE
        loss.backward()
        running += loss.item()
        if (i + 1) % ACCUMULATE == 0:
            optimizer.step()
    if epoch % 6 == 5:
        print("epoch", epoch + 1, "loss", round(running * ACCUMULATE / len(loader), 4))

with torch.no_grad():
    error = (model(p_test) - z_test).pow(2).mean()
print("R2:", 1 - (error / z_test.var()).item())
