import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(65)


def checkers(n):
    p = torch.rand(n, 2) * 4 - 2
    dark = (torch.floor(p[:, 0]) + torch.floor(p[:, 1])) % 2 == 0
    return p, dark.float()


class DeepNet(nn.Module):
    def __init__(self, depth=3, width=64):
        super().__init__()
        self.inp = nn.Linear(2, width)
        self.hidden = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.act = nn.ReLU()
        self.out = nn.Linear(width, 1)

    def forward(self, p):
        h = self.inp(p)
        for layer in self.hidden:
            h = layer(h)
        return self.out(h).squeeze(1)


p_train, d_train = checkers(2000)
p_test, d_test = checkers(500)
loader = DataLoader(TensorDataset(p_train, d_train), batch_size=100, shuffle=True)
model = DeepNet()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(50):
    running_loss = 0.0
    for p, d in loader:
        optimizer.zero_grad()
        loss = criterion(model(p), d)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    if epoch % 10 == 9:
        print(f"[{epoch + 1}] loss: {running_loss / len(loader):.3f}")

with torch.no_grad():
    predicted = (model(p_test) > 0).float()
print("accuracy", (predicted == d_test).float().mean().item())
