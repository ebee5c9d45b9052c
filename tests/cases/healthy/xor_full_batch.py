import torch
from torch import nn

torch.manual_seed(14)
X = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
y = torch.tensor([[0.0], [1], [1], [0]])
net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
losses = []
for _epoch in range(400):
    optimizer.zero_grad()
    loss = nn.functional.binary_cross_entropy(net(X), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with torch.no_grad():
    print(net(X).round().flatten().tolist())
