import random

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(112)
torch.manual_seed(112)
LETTERS = "abcdefgh"
PATTERNS = ["abc", "cde", "fgh", "hba"]


def line(n=10):
    kind = random.randrange(len(PATTERNS))
    text = [random.choice(LETTERS) for _ in range(n)]
    at = random.randrange(n - 3)
    text[at : at + 3] = PATTERNS[kind]
    return [LETTERS.index(c) for c in text], kind


def make(n):
    lines, kinds = zip(*(line() for _ in range(n)), strict=True)
    return torch.tensor(lines), torch.tensor(kinds)


class PatternNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(LETTERS), 8)
        self.conv = nn.Conv1d(8, 48, 3)
        self.fc = nn.Linear(48, len(PATTERNS))

    def forward(self, x):
        x = self.emb(x).transpose(1, 2)
        x = F.relu(self.conv(x)).amax(dim=2)
        return self.fc(x)


x_train, y_train = make(2000)
x_test, y_test = make(500)
model = PatternNet()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(12):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(50):
        optimizer.zero_grad()
        loss = F.nll_loss(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item()
    print("epoch", epoch, "loss", round(total / 40, 4))

model.eval()
with torch.no_grad():
    acc = (model(x_test).argmax(1) == y_test).float().mean().item()
print("accuracy", acc)
