"""A translation of made-up words: a network whose forward takes the ratio of teacher forcing."""

import random

import torch
from torch import nn

torch.manual_seed(0)
random.seed(0)
PAD, SOS, EOS, TOKENS = 0, 1, 2, 14
BATCH = 50


def pairs(count):
    src, trg = torch.zeros(9, count, dtype=torch.long), torch.zeros(9, count, dtype=torch.long)
    for row in range(count):
        length = random.randint(3, 7)
        words = torch.randint(3, TOKENS, (length,))
        src[: length + 2, row] = torch.cat([torch.tensor([SOS]), words, torch.tensor([EOS])])
        trg[: length + 2, row] = torch.cat([torch.tensor([SOS]), TOKENS + 2 - words, torch.tensor([EOS])])
    return src, trg


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(TOKENS, 32), nn.GRU(32, 64)
        self.dropout = nn.Dropout(0.1)

    def forward(self, src):
        return self.rnn(self.dropout(self.embedding(src)))[1]


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(TOKENS, 32), nn.GRU(32 + 64, 64)
        self.fc_out, self.dropout = nn.Linear(32 + 64 + 64, TOKENS), nn.Dropout(0.1)

    def forward(self, token, hidden, context):
        embedded = self.dropout(self.embedding(token[None]))
        _, hidden = self.rnn(torch.cat((embedded, context), 2), hidden)
        return self.fc_out(torch.cat((embedded[0], hidden[0], context[0]), 1)), hidden


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        outputs = torch.zeros(trg.shape[0], trg.shape[1], TOKENS)
        context = hidden = self.encoder(src)
        token = trg[0]
        for t in range(1, trg.shape[0]):
            output, hidden = self.decoder(token, hidden, context)
            outputs[t] = output
            token = trg[t] if random.random() < teacher_forcing_ratio else output.argmax(1)
        return outputs


src, trg = pairs(600)
valid_src, valid_trg = pairs(200)
model = Seq2Seq(Encoder(), Decoder())
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)


def evaluate():
    model.eval()
    with torch.no_grad():
        output = model(valid_src, valid_trg, 0)
        loss = criterion(output[1:].reshape(-1, TOKENS), valid_trg[1:].reshape(-1))
    return loss.item(), (output.argmax(2) == valid_trg)[1:][valid_trg[1:] != PAD].float().mean().item()


for epoch in range(25):
    model.train()
    total = 0
    for rows in torch.randperm(600).split(BATCH):
        optimizer.zero_grad()
        output = model(src[:, rows], trg[:, rows])
        loss = criterion(output[1:].view(-1, TOKENS), trg[1:, rows].view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        total += loss.item()
    valid, right = evaluate()
    if epoch % 6 == 0:
        print(f"epoch {epoch} train {total / 12:.3f} valid {valid:.3f} right {right:.3f}")
print("right", right)
