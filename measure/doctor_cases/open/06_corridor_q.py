"""Q-learning in a corridor: walk right to the end, each step costs a little."""

import random
from collections import deque

import torch
from torch import nn

random.seed(0)
torch.manual_seed(0)
CELLS, GAMMA = 10, 0.95


class Corridor:
    def reset(self):
        self.pos, self.clock = random.randrange(CELLS - 1), 0
        return self.pos

    def step(self, action):
        self.pos = max(0, self.pos + (1 if action == 1 else -1))
        self.clock += 1
        done = self.pos == CELLS - 1
        return self.pos, (1.0 if done else -0.02), done


def one_hot(cells):
    return nn.functional.one_hot(torch.as_tensor(cells), CELLS).float()


def make_net():
    return nn.Sequential(nn.Linear(CELLS, 32), nn.ReLU(), nn.Linear(32, 2))


online, target = make_net(), make_net()
optimizer = torch.optim.Adam(online.parameters(), lr=5e-3)
memory = deque(maxlen=3000)
env = Corridor()


def sync():
    target.load_state_dict(target.state_dict())


def learn(batch_size=64):
    s, a, r, s2, d = zip(*random.sample(memory, batch_size), strict=True)
    q = online(one_hot(s)).gather(1, torch.tensor(a)[:, None])[:, 0]
    with torch.no_grad():
        best = target(one_hot(s2)).max(1).values
        goal = torch.tensor(r) + GAMMA * best * (1 - torch.tensor(d).float())
    loss = nn.functional.smooth_l1_loss(q, goal)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


state = env.reset()
for step in range(1800):
    eps = max(0.1, 1 - step / 900)
    action = random.randrange(2) if random.random() < eps else online(one_hot([state])).argmax().item()
    nxt, reward, done = env.step(action)
    memory.append((state, action, reward, nxt, done))
    state = env.reset() if done or env.clock >= 40 else nxt
    if step >= 200:
        loss = learn()
    if step % 50 == 0:
        sync()
    if step % 300 == 299:
        print("step", step + 1, "loss", loss)

returns = []
for start in range(CELLS - 1):
    env.reset()
    env.pos, total, done = start, 0.0, False
    for _ in range(20):
        _, reward, done = env.step(online(one_hot([env.pos])).argmax().item())
        total += reward
        if done:
            break
    returns.append(total)
print("mean return", sum(returns) / len(returns))
