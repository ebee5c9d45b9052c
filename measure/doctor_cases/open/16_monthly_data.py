import torch
from sklearn.datasets import make_classification
from torch import nn

torch.manual_seed(61)
X, y = make_classification(
    2000, 30, n_informative=6, n_redundant=0, flip_y=0.15, n_clusters_per_class=2, random_state=12
)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
fresh_x, fresh_y = X[900:], y[900:]
X, y = X[:900], y[:900]


def split(n_val=250):
    order = torch.randperm(len(X))
    train = order[: len(X) - n_val]
    return X[train], y[train], X[:n_val], y[:n_val]


train_x, train_y, val_x, val_y = split()


class Net(nn.Module):
    def __init__(self, hidden=128):
        super().__init__()
        self.fc1 = nn.Linear(30, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, 2)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.fc3(x)


@torch.no_grad()
def accuracy(model, x, y):
    return (model(x).argmax(1) == y).float().mean().item()


model = Net()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for epoch in range(20):
    for idx in torch.randperm(len(train_x)).split(50):
        loss = nn.functional.cross_entropy(model(train_x[idx]), train_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "validation accuracy", round(accuracy(model, val_x, val_y), 3))

validation, later = accuracy(model, val_x, val_y), accuracy(model, fresh_x, fresh_y)
print("validation", validation, "data of the next month", later, "difference", abs(validation - later))
