import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(6)
digits = load_digits()
X, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)


def train(model, parameters, targets, epochs):
    optimizer = torch.optim.Adam(parameters, lr=3e-3)
    for _ in range(epochs):
        for index in torch.randperm(1500).split(50):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[index]), targets[index]).backward()
            optimizer.step()


backbone = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU())
pretrained = nn.Sequential(backbone, nn.Linear(32, 10))
train(pretrained, pretrained.parameters(), y, 4)
for parameter in backbone.parameters():
    parameter.requires_grad = False
model = nn.Sequential(backbone, nn.Linear(32, 2))
train(model, [p for p in model.parameters() if p.requires_grad], y % 2, 4)
with torch.no_grad():
    print((model(X[1500:]).argmax(1) == y[1500:] % 2).float().mean().item())
