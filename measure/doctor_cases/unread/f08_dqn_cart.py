"""DQN that learns to bring a cart to the middle of a track and keep it there."""
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 2
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

GAMMA, BATCH, EPISODES, SYNC = 0.95, 64, 70, 150


class CartTrack:
    """State is position and velocity; the actions push left, do nothing, push right."""

    def __init__(self, horizon=40):
        self.horizon = horizon

    def reset(self):
        self.state = np.array([np.random.uniform(-2, 2), np.random.uniform(-0.5, 0.5)], dtype=np.float32)
        self.t = 0
        return self.state

    def step(self, action):
        push = 0.15 * (action - 1)
        self.state[1] = np.clip(0.98 * self.state[1] + push, -0.6, 0.6)
        self.state[0] += self.state[1]
        self.t += 1
        out = abs(float(self.state[0])) > 4
        reward = -5.0 if out else 1.0 - min(abs(float(self.state[0])), 2.0)
        return self.state, reward, out, self.t >= self.horizon


class Replay:
    def __init__(self, size):
        self.data = deque(maxlen=size)

    def push(self, *transition):
        self.data.append(transition)

    def sample(self, n):
        s, a, r, s2, d = zip(*random.sample(self.data, n))
        return (torch.from_numpy(np.stack(s)), torch.tensor(a), torch.tensor(r, dtype=torch.float32),
                torch.from_numpy(np.stack(s2)), torch.tensor(d, dtype=torch.float32))


def make_net():
    return nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))


def act(net, state, eps):
    if random.random() < eps:
        return random.randrange(3)
    with torch.no_grad():
        return int(net(torch.from_numpy(state)).argmax())


def evaluate(net, episodes=20):
    env, total = CartTrack(), 0.0
    for _ in range(episodes):
        s, done = env.reset(), False
        while not done:
            s, r, out, timeout = env.step(act(net, s, 0.0))
            total += r
            done = out or timeout
    return total / episodes


env, memory = CartTrack(), Replay(10000)
q, target = make_net(), make_net()
target.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), lr=2e-3)
updates = 0
for episode in range(EPISODES):
    eps = max(0.05, 1.0 - episode / 40)
    s, done, ret, losses = env.reset(), False, 0.0, []
    while not done:
        a = act(q, s, eps)
        s2, r, out, timeout = env.step(a)
        memory.push(s, a, r, s2, out)
        s, ret, done = s2, ret + r, out or timeout
        if len(memory.data) < 300:
            continue
        bs, ba, br, bs2, bd = memory.sample(BATCH)
        with torch.no_grad():
            y = br + GAMMA * (1 - bd) * target(bs2).max(1).values
        loss = F.smooth_l1_loss(q(bs).gather(1, ba[:, None]).squeeze(1), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
        updates += 1
        if updates % SYNC == 0:
            target.load_state_dict(q.state_dict())
    if (episode + 1) % 5 == 0:
        print(f"episode {episode + 1} eps {eps:.2f} return {ret:.1f} loss {np.mean(losses) if losses else 0:.4f}")
print(f"mean greedy return over 20 episodes: {evaluate(q):.3f}")
