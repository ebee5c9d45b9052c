# DQN on a small balancing task: keep the pole up for 100 steps. gym is not installed on
# this box so the physics are written down here.
import math
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 3
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)


class Balance:
    max_steps = 100

    def reset(self):
        self.th = random.uniform(-0.05, 0.05)
        self.om = random.uniform(-0.05, 0.05)
        self.t = 0
        return self._obs()

    def _obs(self):
        return np.array([self.th / 0.3, self.om], dtype=np.float32)

    def step(self, action):
        push = 3.5 if action == 1 else -3.5
        self.om += 0.05 * (9.8 * math.sin(self.th) + push + random.gauss(0, 0.3))
        self.th += 0.05 * self.om
        self.t += 1
        fell = abs(self.th) > 0.3
        return self._obs(), 1.0, fell, self.t >= self.max_steps


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(2, 48)
        self.l2 = nn.Linear(48, 48)
        self.l3 = nn.Linear(48, 2)

    def forward(self, x):
        return self.l3(F.relu(self.l2(F.relu(self.l1(x)))))


GAMMA, BATCH, LR = 0.95, 64, 1e-3
EPS_START, EPS_END, EPS_DECAY = 1.0, 0.05, 2500
TOTAL_STEPS, TARGET_EVERY = 9000, 200

policy, target = QNet(), QNet()
target.load_state_dict(policy.state_dict())
opt = torch.optim.Adam(policy.parameters(), lr=LR)
memory = deque(maxlen=5000)
env = Balance()


def optimize():
    batch = random.sample(memory, BATCH)
    s, a, r, s2, done = map(np.array, zip(*batch))
    s, s2 = torch.from_numpy(s), torch.from_numpy(s2)
    a = torch.from_numpy(a).long().unsqueeze(1)
    r = torch.from_numpy(r).float()
    done = torch.from_numpy(done).float()
    q = policy(s).gather(1, a).squeeze(1)
    with torch.no_grad():
        q_next = target(s2).max(1)[0]
    expected = r + GAMMA * q_next
    loss = F.smooth_l1_loss(q, expected)
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), 10.0)
    opt.step()
    return loss.item(), q.mean().item()


state, ep_return, returns, stats = env.reset(), 0.0, [], (0.0, 0.0)
for step in range(1, TOTAL_STEPS + 1):
    eps = EPS_END + (EPS_START - EPS_END) * math.exp(-step / EPS_DECAY)
    if random.random() < eps:
        action = random.randrange(2)
    else:
        with torch.no_grad():
            action = policy(torch.from_numpy(state)[None]).argmax(1).item()
    nxt, reward, fell, timeout = env.step(action)
    memory.append((state, action, reward, nxt, fell))
    state, ep_return = nxt, ep_return + reward
    if fell or timeout:
        returns.append(ep_return)
        state, ep_return = env.reset(), 0.0
    if step > 300 and step % 2 == 0:
        stats = optimize()
    if step % TARGET_EVERY == 0:
        target.load_state_dict(policy.state_dict())
    if step % 1000 == 0:
        print(f"step {step:5d} eps {eps:.2f} episodes {len(returns):4d} loss {stats[0]:.4f} "
              f"mean Q {stats[1]:.2f} mean return (last 20) {np.mean(returns[-20:]):.1f}")
