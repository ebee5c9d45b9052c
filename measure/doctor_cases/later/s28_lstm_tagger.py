"""BiLSTM tagger on bracket sequences: variable lengths, packing, collate_fn, ignore_index."""
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

TOKENS = ["<pad>", "(", ")", "[", "]", "a", "b"]
PAD, IGNORE = 0, -100


def random_brackets(r, length):
    """Tag of each symbol: nesting depth, capped at 4. Letters inherit the depth around them."""
    ids, tags, stack = [], [], []
    for i in range(length):
        left = length - i
        if stack and (len(stack) >= left or r.random() < 0.35):
            tags.append(min(len(stack), 4))
            ids.append(2 if stack.pop() == 1 else 4)
        elif len(stack) + 1 < left and r.random() < 0.5:
            kind = r.choice([1, 3])
            stack.append(kind)
            ids.append(kind)
            tags.append(min(len(stack), 4))
        else:
            ids.append(r.choice([5, 6]))
            tags.append(min(len(stack), 4))
    return ids, tags


class Brackets(Dataset):
    def __init__(self, n, seed):
        r = random.Random(seed)
        self.data = [random_brackets(r, r.randint(6, 24)) for _ in range(n)]

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        ids, tags = self.data[i]
        return torch.tensor(ids), torch.tensor(tags)


def collate(items):
    ids, tags = zip(*items)
    return (pad_sequence(ids, batch_first=True, padding_value=PAD), torch.tensor([len(i) for i in ids]),
            pad_sequence(tags, batch_first=True, padding_value=IGNORE))


class Tagger(nn.Module):
    def __init__(self, hidden=48, n_tags=5):
        super().__init__()
        self.emb = nn.Embedding(len(TOKENS), 16, padding_idx=PAD)
        self.lstm = nn.LSTM(16, hidden, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(2 * hidden, n_tags)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
        h, _ = self.lstm(packed)
        h, _ = pad_packed_sequence(h, batch_first=True, total_length=ids.shape[1])
        return self.out(self.drop(h))


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    good = total = whole = n = 0
    for ids, lens, tags in loader:
        pred = model(ids, lens).argmax(-1)
        keep = tags != IGNORE
        hit = (pred == tags) & keep
        good += hit.sum().item()
        total += keep.sum().item()
        whole += (hit.sum(1) == keep.sum(1)).sum().item()
        n += len(ids)
    return good / total, whole / n


def fit(model, train, val, epochs=7, lr=1e-2):
    crit = nn.CrossEntropyLoss(ignore_index=IGNORE)
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs * len(train))
    for epoch in range(1, epochs + 1):
        model.train()
        running = 0.0
        for ids, lens, tags in train:
            loss = crit(model(ids, lens).transpose(1, 2), tags)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
            running += loss.item() / len(train)
        tok, seq = evaluate(model, val)
        print(f"epoch {epoch} loss {running:.4f} val token acc {tok:.4f} sequence acc {seq:.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    train = DataLoader(Brackets(2500, 1), batch_size=50, shuffle=True, collate_fn=collate)
    val = DataLoader(Brackets(400, 2), batch_size=200, collate_fn=collate)
    test = DataLoader(Brackets(600, 3), batch_size=200, collate_fn=collate)
    model = Tagger()
    fit(model, train, val)
    tok, seq = evaluate(model, test)
    print(f"test token accuracy {tok:.4f}, whole sequences right {seq:.4f}")
