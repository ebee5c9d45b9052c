import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(228)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
hold = torch.arange(len(X)) % 4 == 0
X_train, y_train, X_test, y_test = X[~hold], y[~hold], X[hold], y[hold]

by_class = y_train.argsort()
X_train, y_train = X_train[by_class], y_train[by_class]
per_class = torch.bincount(y_train)
sampler = WeightedRandomSampler((1.0 / per_class)[y_train].tolist(), num_samples=len(y_train))
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=64, sampler=sampler)


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, x):
        return x + self.outer(torch.relu(self.inner(self.norm(x))))


model = nn.Sequential(nn.Linear(64, 48), Residual(48), Residual(48), nn.Linear(48, 10))
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for epoch in range(12):
    seen = 0.0
    for x, target in loader:
        loss = nn.functional.cross_entropy(model(x), target, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += loss.item() * len(x)
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", round(seen / len(y_train), 4))

with torch.no_grad():
    print("accuracy", (model(X_test).argmax(1) == y_test).float().mean().item())
