# Character LM with tied input / output embedding and truncated backprop (the state is carried over
# from chunk to chunk and cut from the graph).
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)
WORDS = ["red", "green", "blue", "cat", "dog", "house", "runs", "sleeps", "jumps", "over", "under"]
g = torch.Generator().manual_seed(0)
nxt = {w: [WORDS[i] for i in torch.randperm(len(WORDS), generator=g)[:2]] for w in WORDS}


def write(n_words, seed):
    gg = torch.Generator().manual_seed(seed)
    w, out = WORDS[0], []
    for _ in range(n_words):
        out.append(w)
        w = nxt[w][int(torch.rand(1, generator=gg) < 0.3)]
    return " ".join(out)


train_txt, val_txt = write(6000, 1), write(600, 2)
chars = sorted(set(train_txt))
stoi = {c: i for i, c in enumerate(chars)}


def encode(t):
    return torch.tensor([stoi[c] for c in t])


class TiedLM(nn.Module):
    def __init__(self, vocab, dim=32, hidden=96):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        nn.init.normal_(self.emb.weight, std=0.1)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)
        self.proj = nn.Linear(hidden, dim)
        self.decoder = nn.Linear(dim, vocab)
        self.decoder.weight = self.emb.weight  # tied

    def forward(self, x, state=None):
        h, state = self.rnn(self.emb(x), state)
        return self.decoder(self.proj(h)), state


B, T = 20, 30
data = encode(train_txt)
n = len(data) // B
data = data[:n * B].view(B, n)
val = encode(val_txt)[None]
model = TiedLM(len(chars))
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
print("vocab", len(chars), "chars", data.numel(), "parameters", sum(p.numel() for p in model.parameters()))

for epoch in range(1, 6):
    model.train()
    state, tot, k = None, 0.0, 0
    for i in range(0, n - 1 - T, T):
        x, y = data[:, i:i + T], data[:, i + 1:i + 1 + T]
        if state is not None:
            state = tuple(s.detach() for s in state)
        logits, state = model(x, state)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        tot, k = tot + loss.item(), k + 1
    model.eval()
    with torch.no_grad():
        logits, _ = model(val[:, :-1])
        vl = F.cross_entropy(logits[0], val[0, 1:]).item()
        va = (logits[0].argmax(-1) == val[0, 1:]).float().mean().item()
    # the word order is random (0.7 / 0.3), so the loss has a floor: about 0.61 nats per word
    print(f"epoch {epoch} train loss {tot / k:.4f} val loss {vl:.4f} val ppl {math.exp(vl):.3f} next char acc {va:.3f}")
