"""Read strips of several digits with a small conv + GRU network and CTC."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn.utils.rnn import pad_sequence

SEED = 27
torch.manual_seed(SEED)

ALPHABET = "0123456789"
BLANK = 0
TO_ID = {c: i for i, c in enumerate(ALPHABET)}
TO_CHAR = {i: c for c, i in TO_ID.items()}
STEPS, BATCH = 240, 20

X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16.0, dtype=torch.float32).view(-1, 8, 8)
train_ids, test_ids = train_test_split(range(len(X)), test_size=0.3, random_state=SEED, stratify=y)


def strip(pool):
    """Digits side by side with gaps of one to three columns; returns (8, width) and the text."""
    n = int(torch.randint(3, 5, (1,)))
    picks = [pool[int(i)] for i in torch.randint(0, len(pool), (n,))]
    cols = []
    for p in picks:
        cols += [X[p], torch.zeros(8, int(torch.randint(1, 4, (1,))))]
    image = torch.cat(cols, dim=1)
    return image + 0.05 * torch.randn_like(image), "".join(str(y[p]) for p in picks)


def collate(samples):
    images = pad_sequence([im.t() for im, _ in samples], batch_first=True)
    widths = torch.tensor([im.size(1) for im, _ in samples])
    targets = torch.tensor([TO_ID[c] for _, text in samples for c in text])
    lengths = torch.tensor([len(text) for _, text in samples])
    return images, widths, targets, lengths, [text for _, text in samples]


class Reader(nn.Module):
    def __init__(self, hidden=40, outputs=len(ALPHABET) + 1):
        super().__init__()
        self.conv = nn.Conv1d(8, 48, 7, stride=2, padding=3)
        self.norm = nn.BatchNorm1d(48)
        self.rnn = nn.GRU(48, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, outputs)

    def forward(self, x):
        h = F.relu(self.norm(self.conv(x.transpose(1, 2)))).transpose(1, 2)
        return self.out(self.rnn(h)[0]).log_softmax(-1)


def decode(log_probs, frames):
    texts = []
    for row, n in zip(log_probs.argmax(-1).tolist(), frames.tolist()):
        merged = [k for i, k in enumerate(row[:n]) if i == 0 or k != row[i - 1]]
        texts.append("".join(TO_CHAR.get(k, "") for k in merged if k != BLANK))
    return texts


def edit_distance(a, b):
    prev = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        cur = [i]
        for j, cb in enumerate(b, 1):
            cur.append(min(prev[j] + 1, cur[-1] + 1, prev[j - 1] + (ca != cb)))
        prev = cur
    return prev[-1]


@torch.no_grad()
def error_rate(model, batch):
    model.eval()
    images, widths, _, _, texts = batch
    guesses = decode(model(images), (widths + 1) // 2)
    model.train()
    return sum(edit_distance(g, t) for g, t in zip(guesses, texts)) / sum(map(len, texts))


test_batch = collate([strip(test_ids) for _ in range(100)])
model = Reader()
opt = torch.optim.Adam(model.parameters(), lr=7e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=STEPS)
ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)
running = 0.0
for step in range(1, STEPS + 1):
    images, widths, targets, lengths, _ = collate([strip(train_ids) for _ in range(BATCH)])
    loss = ctc(model(images).transpose(0, 1), targets, (widths + 1) // 2, lengths)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    opt.step()
    sched.step()
    running += loss.item()
    if step % 80 == 0:
        print(f"step {step} ctc {running / 80:.4f} character error {error_rate(model, test_batch):.3f}")
        running = 0.0
print(f"test character error rate {error_rate(model, test_batch):.4f}")
