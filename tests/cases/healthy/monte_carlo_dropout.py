import torch
from torch import nn

torch.manual_seed(27)
x = torch.rand(400, 1) * 6 - 3
y = torch.sin(2 * x) + 0.1 * torch.randn_like(x)
net = nn.Sequential(
    nn.Linear(1, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for _epoch in range(40):
    net.train()
    for index in torch.randperm(320).split(40):
        loss = nn.functional.mse_loss(net(x[index]), y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        value = nn.functional.mse_loss(net(x[320:]), y[320:])
net.train()
with torch.no_grad():
    spread = torch.stack([net(x[320:]) for _ in range(20)]).std(0).mean()
print(value.item(), spread.item())
