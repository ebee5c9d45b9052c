import torch
from sklearn.datasets import load_wine
from torch import nn

torch.manual_seed(5)
wine = load_wine()
X = torch.tensor((wine.data - wine.data.mean(0)) / wine.data.std(0), dtype=torch.float32)
y = torch.tensor(wine.target)
model = nn.Sequential(nn.Linear(13, 24), nn.GELU(), nn.Linear(24, 3))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.1)
optimizer.zero_grad()
for _epoch in range(25):
    for count, index in enumerate(torch.randperm(140).split(7), start=1):
        loss = nn.functional.cross_entropy(model(X[index]), y[index]) / 4
        loss.backward()
        if count % 4 == 0:
            optimizer.step()
            for parameter in model.parameters():
                parameter.grad.data.zero_()
print((model(X).argmax(1) == y).float().mean().item())
