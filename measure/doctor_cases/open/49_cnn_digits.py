import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(204)
bunch = load_digits()
X = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 16 - 0.3
y = torch.tensor(bunch.target)
train_loader = DataLoader(TensorDataset(X[:1300], y[:1300]), batch_size=50, shuffle=True)


class SmallCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3)
        self.fc = nn.Linear(24 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        x = self.fc(x.flatten(1))
        return F.log_softmax(x, dim=1)


model = SmallCnn()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
for epoch in range(12):
    total = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", round(total / len(train_loader), 4))

with torch.no_grad():
    print("accuracy", (model(X[1300:]).argmax(1) == y[1300:]).float().mean().item())
