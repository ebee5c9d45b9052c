import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(310)
LENGTH, LETTERS = 9, 5


def words(n):
    """Do the first and the last letter agree, and if so, is it an even one?"""
    x = torch.randint(LETTERS, (n, LENGTH))
    same = torch.rand(n) < 0.6
    x[same, -1] = x[same, 0]
    agree = x[:, 0] == x[:, -1]
    return x, agree.long() * (1 + x[:, 0] % 2)


class BiGRU(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(LETTERS, 12)
        self.gru = nn.GRU(12, hidden, batch_first=True, bidirectional=True)
        self.mlp = nn.Sequential(nn.Linear(2 * hidden, 48), nn.ReLU(), nn.Linear(48, 3))

    def forward(self, x):
        _, h = self.gru(self.emb(x))
        return self.mlp(h.view(len(x), -1))


train_loader = DataLoader(TensorDataset(*words(1600)), batch_size=40, shuffle=True)
test_loader = DataLoader(TensorDataset(*words(400)), batch_size=40)
model = BiGRU()
optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(12):
    model.train()
    running = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item()
    if epoch % 3 == 2:
        print("epoch", epoch + 1, "loss", round(running / len(train_loader), 4))

model.eval()
right = 0
with torch.no_grad():
    for x, y in test_loader:
        right += (model(x).argmax(1) == y).sum().item()
print("accuracy", right / 400)
