import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(246)
bunch = load_digits()
X = torch.tensor(bunch.images, dtype=torch.float32)[:, None] / 16
y = torch.tensor(bunch.target)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
        )
        self.classifier = nn.Linear(128, 10)

    def forward(self, x):
        return self.classifier(self.features(x))


def one_epoch(model, optimizer, images, labels, batch):
    total = 0.0
    for idx in torch.randperm(len(images)).split(batch):
        loss = nn.functional.cross_entropy(model(images[idx]), labels[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    return total / len(images)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(5):
    model.train()
    print("upright", epoch, one_epoch(model, optimizer, X[:900], y[:900], 50))

turned = X.transpose(2, 3).flip(3)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(9):
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    print("turned", epoch, one_epoch(model, optimizer, turned[900:1200], y[900:1200], 4))

model.eval()
with torch.no_grad():
    print("accuracy", (model(turned[1200:]).argmax(1) == y[1200:]).float().mean().item())
