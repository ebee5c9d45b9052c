import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(15)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16, dtype=torch.float32)
y = torch.tensor(y)


class Encoder(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 6), nn.ReLU())
        self.head = nn.Linear(6, n_out)

    def forward(self, x):
        return self.head(self.body(x))


def fit(model, optimizer, inputs, targets, epochs):
    for epoch in range(epochs):
        for idx in torch.randperm(len(inputs)).split(32):
            loss = nn.functional.cross_entropy(model(inputs[idx]), targets[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0:
            print("  epoch", epoch, "loss", round(loss.item(), 3))


model = Encoder(2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

print("stage 1: odd or even")
fit(model, optimizer, X[:600], y[:600] % 2, epochs=8)

print("stage 2: the digit itself")
for p in model.body.parameters():
    p.requires_grad_(False)
model.head = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 10))
for p in model.parameters():
    p.requires_grad_(True)
fit(model, optimizer, X[600:1300], y[600:1300], epochs=20)

with torch.no_grad():
    accuracy = (model(X[1300:]).argmax(1) == y[1300:]).float().mean()
print("accuracy", accuracy.item())
