import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.utils.data import DataLoader, TensorDataset

BATCH_SIZE = 2
EPOCHS = 12
LR = 1e-2


class Net(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.fc1 = nn.Linear(2, hidden)
        self.norm1 = nn.BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.norm2 = nn.BatchNorm1d(hidden)
        self.fc3 = nn.Linear(hidden, 2)

    def forward(self, x):
        x = torch.relu(self.norm1(self.fc1(x)))
        x = torch.relu(self.norm2(self.fc2(x)))
        return self.fc3(x)


def make_set(n, seed):
    X, y = make_moons(n, noise=0.1, random_state=seed)
    return TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y))


torch.manual_seed(5)
train_loader = DataLoader(make_set(600, 0), batch_size=BATCH_SIZE, shuffle=True)
test_loader = DataLoader(make_set(600, 1), batch_size=200)

net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=LR)
loss_func = nn.CrossEntropyLoss()

for epoch in range(EPOCHS):
    net.train()
    losses = []
    for features, target in train_loader:
        optimizer.zero_grad()
        loss = loss_func(net(features), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print("Epoch {}: {:.3f}".format(epoch, sum(losses) / len(losses)))  # noqa: UP032

net.eval()
correct = total = 0
with torch.no_grad():
    for features, target in test_loader:
        correct += (net(features).argmax(1) == target).sum().item()
        total += len(target)
print("Test accuracy", correct / total)
