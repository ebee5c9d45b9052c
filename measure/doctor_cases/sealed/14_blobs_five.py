import torch
from sklearn.datasets import make_blobs
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(27)
points, classes = make_blobs(1500, n_features=5, centers=6, cluster_std=2.0, random_state=8)
points = torch.tensor(points, dtype=torch.float32) / 10
classes = torch.tensor(classes)

train_x, test_x = points[:1200], points[1200:]
train_y, test_y = classes[:1200], classes[1200:]


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin_in = nn.Linear(5, 32)
        self.lin_out = nn.Linear(32, 6)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        return self.lin_out(self.drop(self.lin_in(x).relu()))


def make_loaders(batch_size):
    feature_loader = DataLoader(train_x, batch_size=batch_size, shuffle=True)
    label_loader = DataLoader(train_y, batch_size=batch_size, shuffle=True)
    return feature_loader, label_loader


feature_loader, label_loader = make_loaders(64)
model = Model()
optim = torch.optim.Adam(model.parameters(), lr=5e-3)
lossf = nn.CrossEntropyLoss()

for epoch in range(1, 21):
    model.train()
    seen, summed = 0, 0.0
    for xb, yb in zip(feature_loader, label_loader, strict=True):
        out = model(xb)
        loss = lossf(out, yb)
        optim.zero_grad()
        loss.backward()
        optim.step()
        seen += len(xb)
        summed += loss.item() * len(xb)
    if epoch % 5 == 0:
        print(f"{epoch:3d} train loss {summed / seen:.3f}")

model.eval()
test_loader = DataLoader(TensorDataset(test_x, test_y), batch_size=100)
with torch.no_grad():
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in test_loader)
print("test accuracy", right / len(test_y))
