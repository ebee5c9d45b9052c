import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)
random.seed(8)
np.random.seed(8)
STONES, JUMPS = 8, 4


class River:
    """On each stone one jump is safe; any other ends in the water. One point for each jump."""

    safe = np.random.randint(JUMPS, size=STONES)

    def reset(self):
        self.stone = np.random.randint(STONES)
        return self.stone

    def step(self, jump):
        wet = bool(jump != self.safe[self.stone])
        self.stone = (self.stone + 1) % STONES
        return self.stone, 1.0, wet


class Replay:
    def __init__(self, size):
        self.data, self.size = [], size

    def push(self, *item):
        self.data.append(item)
        self.data = self.data[-self.size :]

    def sample(self, n):
        s, a, r, s2, done = zip(*random.sample(self.data, n), strict=True)
        return encode(s), torch.tensor(a), torch.tensor(r), encode(s2), torch.tensor(done).float()


def encode(stones):
    return F.one_hot(torch.as_tensor(stones), STONES).float()


def network():
    return nn.Sequential(nn.Linear(STONES, 32), nn.Tanh(), nn.Linear(32, JUMPS))


policy, slow = network(), network()
slow.load_state_dict(policy.state_dict())
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
buffer, env, gamma = Replay(2000), River(), 0.9


def update():
    states, actions, rewards, next_states, done = buffer.sample(64)
    value = policy(states).gather(1, actions.unsqueeze(1)).squeeze(1)
    with torch.no_grad():
        next_value = slow(next_states).max(dim=1).values
        target = rewards + gamma * next_value
    loss = F.mse_loss(value, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    for p, q in zip(slow.parameters(), policy.parameters(), strict=True):
        p.data.lerp_(q.data, 0.05)
    return loss.item()


def greedy(stone):
    with torch.no_grad():
        return policy(encode([stone])).argmax().item()


stone = env.reset()
for t in range(1200):
    epsilon = max(0.2, 1.0 - t / 600)
    jump = random.randrange(JUMPS) if random.random() < epsilon else greedy(stone)
    landed, reward, wet = env.step(jump)
    buffer.push(stone, jump, reward, landed, wet)
    stone = env.reset() if wet else landed
    if t >= 100:
        loss = update()
    if t % 300 == 299:
        print(t + 1, "loss", round(loss, 4))

lengths = []
for start in range(STONES):
    env.stone, n, wet = start, 0, False
    while not wet and n < 30:
        _, _, wet = env.step(greedy(env.stone))
        n += 1
    lengths.append(n)
print("mean steps", np.mean(lengths))
