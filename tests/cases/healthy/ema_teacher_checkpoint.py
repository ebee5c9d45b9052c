import copy

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(30)
digits = load_digits()
X, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.last = nn.Linear(64, 10)

    def forward(self, x):
        return self.last(checkpoint(self.first, x, use_reentrant=False))


model = Net()
average = copy.deepcopy(model).requires_grad_(False)
optimizer = torch.optim.NAdam(model.parameters(), lr=2e-3)
for _epoch in range(5):
    for index in torch.randperm(1500).split(50):
        optimizer.zero_grad(set_to_none=False)
        nn.functional.cross_entropy(model(X[index]), y[index]).backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 0.05)
with torch.no_grad():
    print((average(X[1500:]).argmax(1) == y[1500:]).float().mean().item())
