import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(86)
torch.manual_seed(86)
CLASSES = 8
centres = rng.normal(0, 1.2, size=(CLASSES, 10))


class Folder(Dataset):
    """Rows in the order in which the folders were read: class after class."""

    def __init__(self, per_class):
        rows = [centres[k] + rng.normal(0, 0.9, size=(per_class, 10)) for k in range(CLASSES)]
        self.x = torch.tensor(np.concatenate(rows), dtype=torch.float32)
        self.y = torch.arange(CLASSES).repeat_interleave(per_class)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


train_loader = DataLoader(Folder(150), batch_size=30)
test_loader = DataLoader(Folder(50), batch_size=50)

net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
criterion = nn.CrossEntropyLoss()

for epoch in range(15):
    running = []
    for x, y in train_loader:
        loss = criterion(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running.append(loss.item())
    if epoch % 3 == 0:
        print(f"epoch {epoch:2d}  loss {np.mean(running):.3f}")

hits = np.zeros(CLASSES)
with torch.no_grad():
    for x, y in test_loader:
        for truth, guess in zip(y.tolist(), net(x).argmax(1).tolist(), strict=True):
            hits[truth] += truth == guess
print("accuracy", hits.sum() / len(test_loader.dataset))
