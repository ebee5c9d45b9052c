"""CTC on synthetic 'speech': each symbol lasts 2 to 4 noisy frames, gaps of silence between."""
import random
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

BLANK = 0


@dataclass
class Cfg:
    vocab: int = 10
    feat: int = 12
    noise: float = 0.4
    epochs: int = 9
    batch: int = 32
    lr: float = 4e-3


def utterances(n, cfg, templates, seed):
    r = random.Random(seed)
    g = torch.Generator().manual_seed(seed)
    items = []
    for _ in range(n):
        label = [r.randint(1, cfg.vocab) for _ in range(r.randint(3, 7))]
        frames = []
        for c in label:
            frames += [torch.zeros(cfg.feat)] * r.randint(1, 2)
            frames += [templates[c - 1]] * r.randint(2, 4)
        x = torch.stack(frames + [torch.zeros(cfg.feat)])
        items.append((x + cfg.noise * torch.randn(x.shape, generator=g), torch.tensor(label)))
    return items


def collate(batch):
    xs, ys = zip(*batch)
    return (pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]),
            torch.cat(ys), torch.tensor([len(y) for y in ys]))


class Recogniser(nn.Module):
    def __init__(self, cfg, h=48):
        super().__init__()
        self.conv = nn.Conv1d(cfg.feat, h, 5, padding=2)
        self.rnn = nn.GRU(h, h, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * h, cfg.vocab + 1)

    def forward(self, x, lens):
        z = self.conv(x.transpose(1, 2)).transpose(1, 2).relu()
        packed = nn.utils.rnn.pack_padded_sequence(z, lens, batch_first=True, enforce_sorted=False)
        z, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(z).log_softmax(-1)


def collapse(path):
    out, last = [], BLANK
    for p in path:
        if p != last and p != BLANK:
            out.append(p)
        last = p
    return out


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        prev, row[0] = row[0], i
        for j, cb in enumerate(b, 1):
            prev, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, prev + (ca != cb))
    return row[-1]


@torch.no_grad()
def symbol_error_rate(model, loader):
    model.eval()
    errors = total = 0
    for x, xl, y, yl in loader:
        best = model(x, xl).argmax(-1)
        for path, n, ref in zip(best, xl, y.split(yl.tolist())):
            errors += edit_distance(collapse(path[:n].tolist()), ref.tolist())
            total += len(ref)
    model.train()
    return errors / total


if __name__ == "__main__":
    cfg = Cfg()
    torch.manual_seed(0)
    templates = torch.randn(cfg.vocab, cfg.feat)
    train = DataLoader(utterances(1100, cfg, templates, 1), cfg.batch, shuffle=True, collate_fn=collate)
    test = DataLoader(utterances(300, cfg, templates, 2), 100, collate_fn=collate)
    model, ctc = Recogniser(cfg), nn.CTCLoss(blank=BLANK)
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, cfg.lr, epochs=cfg.epochs, steps_per_epoch=len(train))
    for epoch in range(1, cfg.epochs + 1):
        total = 0.0
        for x, xl, y, yl in train:
            loss = ctc(model(x, xl).transpose(0, 1), y, xl, yl)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            opt.step(); sched.step()
            total += loss.item() / len(train)
        if epoch % 3 == 0:
            print(f"epoch {epoch:2d} ctc {total:.4f} test symbol error rate {symbol_error_rate(model, test):.4f}")
    print(f"final test symbol error rate {symbol_error_rate(model, test):.4f}")
