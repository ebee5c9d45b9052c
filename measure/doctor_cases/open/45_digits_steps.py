import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(83)
X, y = load_digits(return_X_y=True)
order = torch.randperm(len(X))
X = torch.tensor(X, dtype=torch.float32)[order] / 16
y = torch.tensor(y)[order]
train_loader = DataLoader(TensorDataset(X[:1300], y[:1300]), batch_size=50)
test_loader = DataLoader(TensorDataset(X[1300:], y[1300:]), batch_size=100)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(64, 128),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(128, 10),
        )

    def forward(self, x):
        return self.net(x)


def train_step(model, batch, optimizer):
    model.train()
    x, y = batch
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def test(model):
    model.eval()
    good = 0
    with torch.no_grad():
        for x, y in test_loader:
            good += (model(x).argmax(1) == y).sum().item()
    return good / len(test_loader.dataset)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(600):
    loss = train_step(model, next(iter(train_loader)), optimizer)
    if step % 150 == 149:
        print(f"step {step + 1}: loss {loss:.4f}")
print("test accuracy", test(model))
