"""Double DQN with a replay buffer and a target network on a slippery grid with a pit."""
import copy
import random

import numpy as np
import torch
import torch.nn as nn

SIZE, GOAL, PITS, SLIP, GAMMA, MAX_T = 5, (4, 4), {(1, 3), (2, 1), (3, 3)}, 0.1, 0.95, 40
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


def transitions(pos, action):
    """[(prob, next, reward, done)]"""
    out = []
    for a in range(4):
        p = (1 - SLIP) * (a == action) + SLIP / 4
        nxt = tuple(int(np.clip(pos[i] + MOVES[a][i], 0, SIZE - 1)) for i in (0, 1))
        r, d = (1.0, True) if nxt == GOAL else (-1.0, True) if nxt in PITS else (-0.02, False)
        out.append((p, nxt, r, d))
    return out


def step(pos, action):
    if random.random() < SLIP:
        action = random.randrange(4)
    nxt = tuple(min(max(pos[i] + MOVES[action][i], 0), SIZE - 1) for i in (0, 1))
    if nxt == GOAL:
        return nxt, 1.0, True
    return (nxt, -1.0, True) if nxt in PITS else (nxt, -0.02, False)


def value_iteration():
    V = {}
    cells = [(i, j) for i in range(SIZE) for j in range(SIZE) if (i, j) != GOAL and (i, j) not in PITS]
    V = dict.fromkeys(cells, 0.0)
    for _ in range(300):
        V = {s: max(sum(p * (r + (0 if d else GAMMA * V[n])) for p, n, r, d in transitions(s, a)) for a in range(4)) for s in cells}
    return V


def policy_value(greedy):
    V = dict.fromkeys(greedy, 0.0)
    for _ in range(300):
        V = {s: sum(p * (r + (0 if d else GAMMA * V[n])) for p, n, r, d in transitions(s, greedy[s])) for s in greedy}
    return V


def encode(pos):
    x = np.zeros(2 * SIZE, dtype=np.float32)
    x[pos[0]] = x[SIZE + pos[1]] = 1
    return x


class Replay:
    def __init__(self, cap):
        self.s, self.n = np.zeros((cap, 2 * SIZE), np.float32), np.zeros((cap, 2 * SIZE), np.float32)
        self.a, self.r, self.d = np.zeros(cap, np.int64), np.zeros(cap, np.float32), np.zeros(cap, np.float32)
        self.cap, self.i, self.full = cap, 0, False

    def add(self, s, a, r, n, d):
        i = self.i
        self.s[i], self.a[i], self.r[i], self.n[i], self.d[i] = s, a, r, n, d
        self.i = (i + 1) % self.cap
        self.full |= self.i == 0

    def sample(self, k):
        idx = np.random.randint(0, self.cap if self.full else self.i, k)
        return [torch.from_numpy(v[idx]) for v in (self.s, self.a, self.r, self.n, self.d)]


random.seed(0), np.random.seed(0), torch.manual_seed(0)
q = nn.Sequential(nn.Linear(2 * SIZE, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
target = copy.deepcopy(q)
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
buffer, V_opt = Replay(10000), value_iteration()
cells = list(V_opt)
TOTAL, pos, t, losses, returns, ret = 9000, (0, 0), 0, [], [], 0.0
for it in range(1, TOTAL + 1):
    eps = max(0.1, 1 - it / 4000)
    with torch.no_grad():
        a = random.randrange(4) if random.random() < eps else int(q(torch.from_numpy(encode(pos))).argmax())
    nxt, r, done = step(pos, a)
    buffer.add(encode(pos), a, r, encode(nxt), float(done))
    ret, t, pos = ret + r, t + 1, nxt
    if done or t >= MAX_T:                 # a time-out is not a terminal state: done stays False in the buffer
        returns.append(ret)
        pos, t, ret = random.choice(cells), 0, 0.0
    if it > 500 and it % 3 == 0:
        s, a_, r_, n, d = buffer.sample(64)
        with torch.no_grad():
            best = q(n).argmax(1, keepdim=True)
            y = r_ + GAMMA * (1 - d) * target(n).gather(1, best).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q(s).gather(1, a_[:, None]).squeeze(1), y)
        opt.zero_grad(); loss.backward(); opt.step()
        losses.append(loss.item())
        with torch.no_grad():
            for tp, p in zip(target.parameters(), q.parameters()):
                tp.lerp_(p, 0.02)
    if it % 1500 == 0:
        print(f"{it} eps {eps:.2f} td loss {np.mean(losses[-300:]):.4f} return of last 50 episodes {np.mean(returns[-50:]):.3f}")
with torch.no_grad():
    greedy = {s: int(q(torch.from_numpy(encode(s))).argmax()) for s in cells}
V = policy_value(greedy)
print(f"greedy policy: mean value {np.mean(list(V.values())):.4f}, optimum by value iteration {np.mean(list(V_opt.values())):.4f}")
