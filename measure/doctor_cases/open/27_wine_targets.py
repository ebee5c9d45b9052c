import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(304)
X, y = load_wine(return_X_y=True)
X = (X - X.mean(0)) / (0.05 * X.std(0))
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, stratify=y, random_state=5)
X_train, X_test = torch.tensor(X_train).float(), torch.tensor(X_test).float()
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)


def one_hot(labels, n=3):
    return torch.eye(n)[labels]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(13, 48)
        self.fc2 = nn.Linear(48, 3)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


def soft_cross_entropy(logits, target):
    p = torch.softmax(logits, dim=1)
    return -(target * p.log()).sum(dim=1).mean()


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-2)
targets = one_hot(y_train)
for epoch in range(40):
    total = 0.0
    for idx in torch.randperm(len(X_train)).split(20):
        loss = soft_cross_entropy(model(X_train[idx]), targets[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 10 == 0:
        print("epoch", epoch, "loss", total)

with torch.no_grad():
    print("accuracy", (model(X_test).argmax(1) == y_test).float().mean().item())
