"""An LSTM that continues sums: the loss of each place times a mask, by the number of places that count."""

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(2)
TOKENS, LENGTH = 11, 14  # 0 to 9, and padding


def rows(count):
    tokens = torch.full((count, LENGTH), 10)
    for row in range(count):
        length = int(torch.randint(5, LENGTH + 1, ()))
        tokens[row, :2] = torch.randint(0, 10, (2,))
        for place in range(2, length):
            tokens[row, place] = (tokens[row, place - 1] + tokens[row, place - 2]) % 10
    return tokens


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, 32)
        self.lstm = nn.LSTM(32, 96, batch_first=True)
        self.head = nn.Linear(96, TOKENS)

    def forward(self, x, state=None):
        h, state = self.lstm(self.embedding(x), state)
        return self.head(h), state


def loss_of(net, tokens):
    inputs, wanted = tokens[:, :-1], tokens[:, 1:]
    logits, _ = net(inputs)
    losses = F.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    mask = (wanted != 10).float()
    mask[:, 0] = 0  # the second number is free
    return (losses * mask).sum() / mask.sum()


train, valid = rows(600), rows(200)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for _epoch in range(30):
    for index in torch.randperm(600).split(50):
        opt.zero_grad()
        loss = loss_of(net, train[index])
        loss.backward()
        opt.step()
    with torch.no_grad():
        held = loss_of(net, valid).item()
print("train", loss.item(), "valid", held)
