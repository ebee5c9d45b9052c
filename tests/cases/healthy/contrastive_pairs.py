import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(21)
digits = load_digits()
X, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)
encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)
for _epoch in range(5):
    for index in torch.randperm(1500).split(60):
        z = nn.functional.normalize(encoder(X[index] + 0.05 * torch.randn(len(index), 64)), dim=1)
        distance = ((z[:, None] - z[None, :]) ** 2).sum(-1)
        same = (y[index][:, None] == y[index][None, :]).float()
        loss = (same * distance + (1 - same) * torch.relu(1 - distance)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(loss.item())
