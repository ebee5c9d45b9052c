import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(37)
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.35, stratify=y, random_state=1)
as_set = lambda X, y: TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y))  # noqa: E731
train_loader = DataLoader(as_set(X_train, y_train), batch_size=20, shuffle=True, drop_last=True)
test_loader = DataLoader(as_set(X_test, y_test), batch_size=100)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm_in = nn.BatchNorm1d(13)
        self.fc1 = nn.Linear(13, 32)
        self.norm1 = nn.BatchNorm1d(32)
        self.fc2 = nn.Linear(32, 3)

    def forward(self, x):
        x = torch.sigmoid(self.norm1(self.fc1(self.norm_in(x))))
        return self.fc2(x)


def validate(model):
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for x, y in test_loader:
            correct += (model(x).argmax(1) == y).sum().item()
            total += len(y)
    return correct / total


def train(model, epochs=40):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion = nn.CrossEntropyLoss()
    print("before training", validate(model))
    for epoch in range(epochs):
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        if epoch % 10 == 9:
            print("epoch", epoch + 1, "loss", f"{loss.item():.3f}", "acc", f"{validate(model):.3f}")


model = Net()
train(model)
print("accuracy", validate(model))
