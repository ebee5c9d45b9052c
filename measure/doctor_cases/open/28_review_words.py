import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(76)
VOCAB, LENGTH = 50, 14
positive, negative = set(range(5)), set(range(5, 10))


def reviews(n):
    """Ids of words; the label says whether good words outnumber bad ones."""
    ids = torch.randint(VOCAB, (n, LENGTH))
    spice = torch.rand(n, LENGTH) < 0.3
    ids = torch.where(spice, torch.randint(10, (n, LENGTH)), ids)
    score = (ids < 5).sum(1) - ((ids >= 5) & (ids < 10)).sum(1)
    keep = score != 0
    return ids[keep], (score[keep] > 0).float()


class Reviewer(nn.Module):
    def __init__(self, dim=4):
        super().__init__()
        self.table = nn.Embedding(VOCAB, dim)
        self.stem = nn.Sequential(nn.Linear(dim, dim), nn.Tanh())
        self.head = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, 1))

    @torch.no_grad()
    def encode(self, ids):
        return self.stem(self.table(ids)).mean(dim=1)

    def forward(self, ids):
        return self.head(self.encode(ids))[:, 0]


train_loader = DataLoader(TensorDataset(*reviews(2500)), batch_size=64, shuffle=True)
x_test, y_test = reviews(800)
model = Reviewer()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(10):
    for x, y in train_loader:
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", loss.item())

vectors = model.encode(x_test)
print("mean vector", vectors.mean(0).tolist())
with torch.no_grad():
    print("accuracy", ((model(x_test) > 0).float() == y_test).float().mean().item())
