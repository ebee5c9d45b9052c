"""Turns sequences round: an encoder, and a decoder that is called step by step, with teacher forcing."""

import random

import torch
from torch import nn

torch.manual_seed(1)
random.seed(1)
SOS, EOS, TOKENS, LENGTH = 0, 1, 12, 6
sources = torch.randint(2, TOKENS, (400, LENGTH))
targets = torch.cat([sources.flip(1), torch.full((400, 1), EOS)], 1)


class Encoder(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, x):
        return self.gru(self.embedding(x))


class Decoder(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, hidden)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, TOKENS)

    def forward(self, token, hidden):
        output, hidden = self.gru(torch.relu(self.embedding(token)), hidden)
        return self.out(output[:, 0]), hidden


encoder, decoder = Encoder(64), Decoder(64)
encoder_optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
decoder_optimizer = torch.optim.Adam(decoder.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()


def train(source, target):
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    _, hidden = encoder(source)
    token, loss = torch.full((len(source), 1), SOS), 0
    forced = random.random() < 0.8
    for t in range(target.shape[1]):
        output, hidden = decoder(token, hidden)
        loss = loss + criterion(output, target[:, t])
        token = target[:, t : t + 1] if forced else output.argmax(1, keepdim=True).detach()
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    return loss.item() / target.shape[1]


for _epoch in range(35):
    total = 0.0
    for rows in torch.randperm(400).split(40):
        total += train(sources[rows], targets[rows])
with torch.no_grad():
    _, hidden = encoder(sources)
    token, right = torch.full((400, 1), SOS), []
    for t in range(LENGTH + 1):
        output, hidden = decoder(token, hidden)
        token = output.argmax(1, keepdim=True)
        right.append(token[:, 0] == targets[:, t])
print("loss", total / 10, "right", torch.stack(right).float().mean().item())
