import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(21)


class FirstToken(Dataset):
    """Which symbol opened the sequence?"""

    def __init__(self, n, length=8, symbols=5):
        self.x = torch.randint(symbols, (n, length))
        self.y = self.x[:, 0].clone()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class SequenceModel(nn.Module):
    def __init__(self, symbols=5, emb=8, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(symbols, emb)
        self.lstm = nn.LSTM(emb, hidden)
        self.classify = nn.Linear(hidden, symbols)

    def forward(self, tokens):
        out, _ = self.lstm(self.embed(tokens))
        return self.classify(out[:, -1])


train_set, test_set = random_split(FirstToken(1600), [1280, 320])
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
test_loader = DataLoader(test_set, batch_size=32)

model = SequenceModel()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss()


def accuracy(loader):
    good = 0
    with torch.no_grad():
        for x, y in loader:
            good += int((model(x).argmax(1) == y).sum())
    return good / len(loader.dataset)


for epoch in range(12):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.3f}")
print("final accuracy", accuracy(test_loader))
