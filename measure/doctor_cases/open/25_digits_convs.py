import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(72)
images, labels = load_digits(return_X_y=True)
images = (images / 8 - 1).reshape(-1, 1, 8, 8).astype("float32")
x_train, x_test, y_train, y_test = train_test_split(images, labels, test_size=500, random_state=0)
x_train, x_test = torch.from_numpy(x_train), torch.from_numpy(x_test)
y_train, y_test = torch.from_numpy(y_train), torch.from_numpy(y_test)


class ConvNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv_a = nn.Conv2d(1, 8, kernel_size=3)
        self.conv_b = nn.Conv2d(8, 16, kernel_size=3)
        self.classes = classes
        self.out = nn.Linear(32, classes)

    def forward(self, x):
        x = F.relu(self.conv_a(x))
        x = F.relu(self.conv_b(x))
        x = x.flatten(1)
        x = F.relu(nn.Linear(x.shape[1], 32)(x))
        return self.out(x)


def run_epoch(model, optimizer):
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(64):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    return total / len(x_train)


model = ConvNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    print("epoch", epoch, "loss", round(run_epoch(model, optimizer), 4))

with torch.no_grad():
    accuracy = (model(x_test).argmax(dim=1) == y_test).float().mean().item()
print("test accuracy:", accuracy)
