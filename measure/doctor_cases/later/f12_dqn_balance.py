import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class StickEnv:
    """Unstable stick: push left or right, +1 a step, over when |angle| > 0.4."""

    max_steps = 120

    def reset(self):
        self.a, self.v, self.t = np.random.uniform(-0.05, 0.05), np.random.uniform(-0.05, 0.05), 0
        return self.obs()

    def obs(self):
        return np.array([self.a * 5, self.v * 2], dtype=np.float32)

    def step(self, action):
        push = 1.0 if action == 1 else -1.0
        self.v += 0.05 * (6.0 * self.a + 1.8 * push)
        self.a += 0.05 * self.v
        self.t += 1
        fell = abs(self.a) > 0.4
        return self.obs(), 1.0, fell, self.t >= self.max_steps


class QNetwork(nn.Module):
    def __init__(self, n_obs=2, n_actions=2, hidden=48):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_obs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                                 nn.Linear(hidden, n_actions))

    def forward(self, s):
        return self.net(s)


class DQNAgent:
    def __init__(self, gamma=0.97, lr=1e-3, batch_size=64, target_update=150):
        self.policy_net, self.target_net = QNetwork(), QNetwork()
        self.target_net.load_state_dict(self.policy_net.state_dict())
        self.optimizer = torch.optim.Adam(self.policy_net.parameters(), lr=lr)
        self.memory = deque(maxlen=10000)
        self.gamma, self.batch_size, self.target_update = gamma, batch_size, target_update
        self.learn_steps = 0

    def act(self, state, eps):
        if random.random() < eps:
            return random.randrange(2)
        with torch.no_grad():
            return self.policy_net(torch.from_numpy(state)).argmax().item()

    def learn(self):
        if len(self.memory) < 300:
            return
        s, a, r, s2, done = zip(*random.sample(self.memory, self.batch_size))
        s, s2 = torch.from_numpy(np.stack(s)), torch.from_numpy(np.stack(s2))
        a = torch.tensor(a).unsqueeze(1)
        r = torch.tensor(r)
        done = torch.tensor(done, dtype=torch.float32)
        q = self.policy_net(s).gather(1, a).squeeze(1)
        with torch.no_grad():
            next_q = self.target_net(s2).max(1).values
            target = r + self.gamma * next_q
        loss = F.smooth_l1_loss(q, target)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.learn_steps += 1
        if self.learn_steps % self.target_update == 0:
            self.target_net.load_state_dict(self.policy_net.state_dict())


def main(total_steps=6000, seed=0):
    random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
    env, agent = StickEnv(), DQNAgent()
    state, ep_reward, history = env.reset(), 0.0, deque(maxlen=20)
    for step in range(1, total_steps + 1):
        eps = max(0.05, 1.0 - step / (0.6 * total_steps))
        action = agent.act(state, eps)
        next_state, reward, done, timeout = env.step(action)
        agent.memory.append((state, action, reward, next_state, done))
        agent.learn()
        state, ep_reward = next_state, ep_reward + reward
        if done or timeout:
            history.append(ep_reward)
            state, ep_reward = env.reset(), 0.0
        if step % 1000 == 0:
            print(f"step {step} eps {eps:.2f} mean reward of the last episodes {np.mean(history):.1f}")
    scores = []
    for _ in range(10):
        s, total, over = env.reset(), 0.0, False
        while not over:
            s, r, fell, timeout = env.step(agent.act(s, 0.0))
            total, over = total + r, fell or timeout
        scores.append(total)
    print(f"greedy reward (max {env.max_steps}): {np.mean(scores):.1f}")


if __name__ == "__main__":
    main()
