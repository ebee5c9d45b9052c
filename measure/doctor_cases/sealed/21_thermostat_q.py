import random

import torch
from torch import nn

random.seed(216)
torch.manual_seed(216)
ROOMS, GAMMA = 8, 0.9


class Thermostat:
    """Keep the temperature level at 5; the task never ends."""

    level = 0

    def step(self, action):
        drift = random.choice([-1, 0, 0, 1])
        self.level = min(ROOMS - 1, max(0, self.level + (action - 1) + drift))
        return self.level, 1.0 - abs(self.level - 5) / 3


def encode(levels):
    return nn.functional.one_hot(torch.as_tensor(levels), ROOMS).float()


def net():
    return nn.Sequential(nn.Linear(ROOMS, 32), nn.ReLU(), nn.Linear(32, 3))


online, target = net(), net()
target.load_state_dict(online.state_dict())
optimizer = torch.optim.Adam(online.parameters(), lr=3e-3)
env, memory = Thermostat(), []


def replay():
    batch = random.sample(memory, 64)
    s, a, r, s2 = (list(column) for column in zip(*batch, strict=True))
    q = online(encode(s))[torch.arange(64), torch.tensor(a)]
    with torch.no_grad():
        goal = torch.tensor(r) + GAMMA * target(encode(s2)).max(dim=1).values
    loss = nn.functional.mse_loss(q, goal)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


state = env.level
for step in range(1500):
    explore = random.random() < max(0.1, 1 - step / 700)
    action = random.randrange(3) if explore else online(encode([state])).argmax().item()
    following, reward = env.step(action)
    memory.append((state, action, reward, following))
    state = following
    if step >= 100:
        loss = replay()
    if step % 50 == 0:
        target.load_state_dict(online.state_dict())
    if step % 300 == 299:
        print("step", step + 1, "loss", round(loss, 4))

rewards = []
with torch.no_grad():
    for _ in range(300):
        state, reward = env.step(online(encode([state])).argmax().item())
        rewards.append(reward)
print("mean reward", sum(rewards) / len(rewards))
