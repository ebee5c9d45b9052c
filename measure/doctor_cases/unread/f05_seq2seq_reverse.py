import random

import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 8
random.seed(SEED)
torch.manual_seed(SEED)

SOS, VOCAB, LENGTH = 0, 14, 9
HIDDEN, BATCH, STEPS = 48, 44, 330


def batch_of(n):
    src = torch.randint(1, VOCAB, (n, LENGTH))
    return src, src.flip(1)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, HIDDEN)
        self.rnn = nn.GRU(HIDDEN, HIDDEN, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * HIDDEN, HIDDEN)

    def forward(self, src):
        out, h = self.rnn(self.emb(src))
        h = torch.tanh(self.bridge(torch.cat([h[0], h[1]], dim=-1)))
        return out, h


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Linear(3 * HIDDEN, HIDDEN)
        self.v = nn.Linear(HIDDEN, 1, bias=False)

    def forward(self, query, memory):
        q = query.unsqueeze(1).expand(-1, memory.size(1), -1)
        energy = self.v(torch.tanh(self.w(torch.cat([q, memory], dim=-1))))
        weights = F.softmax(energy.transpose(1, 2), dim=1)
        return torch.bmm(weights, memory).squeeze(1)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, HIDDEN)
        self.attn = Attention()
        self.cell = nn.GRUCell(3 * HIDDEN, HIDDEN)
        self.out = nn.Linear(3 * HIDDEN, VOCAB)

    def forward(self, token, h, memory):
        ctx = self.attn(h, memory)
        h = self.cell(torch.cat([self.emb(token), ctx], dim=-1), h)
        return self.out(torch.cat([h, ctx], dim=-1)), h


def decode(enc, dec, src, target=None, teacher_ratio=0.0):
    memory, h = enc(src)
    token = torch.full((src.size(0),), SOS)
    logits = []
    for t in range(LENGTH):
        step, h = dec(token, h, memory)
        logits.append(step)
        forced = target is not None and random.random() < teacher_ratio
        token = target[:, t] if forced else step.argmax(-1)
    return torch.stack(logits, dim=1)


def evaluate(enc, dec, src, target):
    with torch.no_grad():
        pred = decode(enc, dec, src).argmax(-1)
    hit = pred == target
    return hit.float().mean().item(), hit.all(1).float().mean().item()


def main():
    enc, dec = Encoder(), Decoder()
    params = list(enc.parameters()) + list(dec.parameters())
    opt = torch.optim.Adam(params, lr=4e-3)
    test_src, test_tgt = batch_of(400)
    running = 0.0
    for step in range(1, STEPS + 1):
        src, tgt = batch_of(BATCH)
        logits = decode(enc, dec, src, tgt, teacher_ratio=0.8)
        loss = F.cross_entropy(logits.reshape(-1, VOCAB), tgt.reshape(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        running += loss.item()
        if step % 55 == 0:
            tok, _ = evaluate(enc, dec, test_src, test_tgt)
            print(f"step {step} loss {running / 55:.4f} token acc {tok:.3f}")
            running = 0.0
    tok, seq = evaluate(enc, dec, test_src, test_tgt)
    print(f"token accuracy {tok:.4f} sequence accuracy {seq:.4f}")


if __name__ == "__main__":
    main()
