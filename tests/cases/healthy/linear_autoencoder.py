import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(29)
X = torch.tensor(load_digits().data / 16, dtype=torch.float32)
model = nn.Sequential(nn.Linear(64, 16), nn.Linear(16, 64))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for _epoch in range(10):
    for batch in X[torch.randperm(len(X))].split(64):
        loss = nn.functional.mse_loss(model(batch), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(loss.item())
