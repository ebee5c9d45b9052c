import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(7)
data = load_digits()
images = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16
labels = torch.tensor(data.target)
order = torch.randperm(len(images))
train_idx, test_idx = order[:1300], order[1300:]


class GlyphNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.fc = nn.Linear(32 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(x.flatten(1))


def train_one_epoch(net, optimizer):
    net.train()
    for idx in train_idx[torch.randperm(len(train_idx))].split(50):
        loss = F.cross_entropy(net(images[idx]), labels[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


@torch.no_grad()
def evaluate(net):
    per_class = {}
    for digit in range(10):
        chosen = test_idx[labels[test_idx] == digit]
        pred = net(images[chosen]).argmax(1)
        per_class[digit] = (pred == digit).float().mean().item()
    return per_class


net = GlyphNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(8):
    last = train_one_epoch(net, optimizer)
    print("epoch", epoch, "loss", f"{last:.3f}")

scores = evaluate(net)
for digit, score in scores.items():
    print(digit, f"{score:.2f}")
print("mean per-class accuracy", sum(scores.values()) / 10)
