import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(108)
SIDE = 6
N_CLASSES = SIDE * SIDE


def places(n):
    """Find the cell of a map from noisy distances to five beacons."""
    p = torch.rand(n, 2) * SIDE
    beacons = torch.tensor([[0.0, 0.0], [0.0, 6.0], [6.0, 0.0], [6.0, 6.0], [3.0, 2.0]])
    d = torch.cdist(p, beacons) + 0.02 * torch.randn(n, 5)
    cell = p[:, 0].long() * SIDE + p[:, 1].long()
    return (d - 4) / 2, cell


class Locator(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU())
        self.last = nn.Linear(96, N_CLASSES)

    def forward(self, d):
        return torch.softmax(self.last(self.layers(d)), dim=1)


train_loader = DataLoader(TensorDataset(*places(3000)), batch_size=100, shuffle=True)
d_test, cell_test = places(800)
model = Locator()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

for epoch in range(25):
    running_loss, correct = 0.0, 0
    for d, cell in train_loader:
        optimizer.zero_grad()
        output = model(d)
        loss = criterion(output, cell)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        correct += (output.argmax(1) == cell).sum().item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} loss {running_loss / 30:.3f} acc {correct / 3000:.3f}")

with torch.no_grad():
    print("test accuracy", (model(d_test).argmax(1) == cell_test).float().mean().item())
