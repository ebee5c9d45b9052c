import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(121)


class Digits(Dataset):
    def __init__(self, part, augment=False):
        bunch = load_digits()
        chosen = slice(0, 1000) if part == "train" else slice(1000, None)
        self.images = torch.tensor(bunch.images[chosen], dtype=torch.float32).unsqueeze(1) / 16
        self.targets = torch.tensor(bunch.target[chosen])
        self.augment = augment

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, i):
        x = self.images[i]
        if self.augment:
            x += 0.25 * torch.randn_like(x)
        return x, self.targets[i]


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(12 * 16, 48), nn.ReLU(), nn.Linear(48, 10))

    def forward(self, x):
        return self.fc(self.conv(x))


train_loader = DataLoader(Digits("train", augment=True), batch_size=50, shuffle=True)
test_loader = DataLoader(Digits("test"), batch_size=200)
net = LeNet()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(25):
    net.train()
    total = 0.0
    for x, y in train_loader:
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", round(total / len(train_loader), 3))

net.eval()
hits = 0
with torch.no_grad():
    for x, y in test_loader:
        hits += (net(x).argmax(1) == y).sum().item()
print("accuracy", hits / len(test_loader.dataset))
