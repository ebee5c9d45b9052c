import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(201)
ACCUM = 4


def saddle(n):
    p = torch.rand(n, 3) * 2 - 1
    return p, (p[:, :1] * p[:, 1:2] + torch.sin(3 * p[:, 2:]))


class SaddleNet(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(3, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )

    def forward(self, p):
        return self.net(p)


loader = DataLoader(TensorDataset(*saddle(1200)), batch_size=15, shuffle=True)
p_test, z_test = saddle(400)
model = SaddleNet()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
loss_fn = nn.MSELoss()

for epoch in range(25):
    running = 0.0
    optimizer.zero_grad()
    for i, (p, z) in enumerate(loader, start=1):
        loss = loss_fn(model(p), z)
        (loss / ACCUM).backward()
        running += loss.item()
        if i % ACCUM == 0:
            optimizer.step()
            optimizer.zero_grad()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(running / len(loader), 5))

with torch.no_grad():
    mse = loss_fn(model(p_test), z_test)
print("R2:", 1 - (mse / z_test.var()).item())
