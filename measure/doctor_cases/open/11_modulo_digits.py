import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(234)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)


class Net(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
        self.head = nn.Linear(32, n_out)

    def forward(self, x):
        return self.head(self.body(x))


def fit(model, optimizer, rows, targets, epochs):
    for epoch in range(epochs):
        for idx in rows[torch.randperm(len(rows))].split(32):
            loss = nn.functional.cross_entropy(model(X[idx]), targets[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 4:
            print("  epoch", epoch + 1, "loss", round(loss.item(), 4))


model = Net(5)
print("first task: digit modulo five")
fit(model, torch.optim.Adam(model.parameters(), lr=2e-3), torch.arange(0, 700), y % 5, 10)

print("second task: the digit")
model.head = nn.Linear(32, 10)
optimizer = torch.optim.Adam(
    [
        {"params": model.body.parameters(), "lr": 1e-4},
        {"params": model.head.parameters(), "lr": 5e-3},
    ]
)
fit(model, optimizer, torch.arange(700, 1300), y, 20)
with torch.no_grad():
    print("accuracy", (model(X[1300:]).argmax(1) == y[1300:]).float().mean().item())
