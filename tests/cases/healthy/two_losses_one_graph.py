import torch
from sklearn.datasets import load_wine
from torch import nn

torch.manual_seed(26)
wine = load_wine()
X = torch.tensor((wine.data - wine.data.mean(0)) / wine.data.std(0), dtype=torch.float32)
y = torch.tensor(wine.target)
trunk = nn.Sequential(nn.Linear(13, 32), nn.ELU())
classify, rebuild = nn.Linear(32, 3), nn.Linear(32, 13)
optimizer = torch.optim.Adam([*trunk.parameters(), *classify.parameters(), *rebuild.parameters()], lr=5e-3)
history = []
for _epoch in range(30):
    for index in torch.randperm(150).split(25):
        h = trunk(X[index])
        first = nn.functional.cross_entropy(classify(h), y[index])
        second = nn.functional.mse_loss(rebuild(h), X[index])
        optimizer.zero_grad()
        first.backward(retain_graph=True)
        second.backward()
        optimizer.step()
        history.append((first.detach(), second.detach()))
print(history[-1])
