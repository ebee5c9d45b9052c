import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(29)


def standardise(train, test):
    mean, std = train.mean(0, keepdim=True), train.std(0, keepdim=True)
    return (train - mean) / std, (test - mean) / std


def get_data():
    bunch = load_digits()
    X = torch.tensor(bunch.data, dtype=torch.float32)
    y = torch.tensor(bunch.target)
    order = torch.randperm(len(X))
    X, y = X[order], y[order]
    X_train, X_test = standardise(X[:1400], X[1400:])
    return TensorDataset(X_train, y[:1400]), TensorDataset(X_test, y[1400:])


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 50)
        self.out = nn.Linear(50, 10)

    def forward(self, x):
        return self.out(torch.tanh(self.hidden(x)))


train_set, test_set = get_data()
model = Perceptron()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)

for epoch in range(15):
    model.train()
    total = 0.0
    for inputs, targets in DataLoader(train_set, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 3 == 0:
        print("Epoch", epoch, "loss", total)

model.eval()
correct = 0
with torch.no_grad():
    for inputs, targets in DataLoader(test_set, batch_size=200):
        correct += (model(inputs).argmax(1) == targets).sum().item()
print("Accuracy", correct / len(test_set))
