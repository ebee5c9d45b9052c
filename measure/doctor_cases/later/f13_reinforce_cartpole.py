import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical

parser = argparse.ArgumentParser(description="REINFORCE on a hand-made cart pole")
parser.add_argument("--gamma", type=float, default=0.98)
parser.add_argument("--lr", type=float, default=1e-2)
parser.add_argument("--episodes", type=int, default=260)
parser.add_argument("--max-steps", type=int, default=150)
parser.add_argument("--seed", type=int, default=5)
args = parser.parse_args()
torch.manual_seed(args.seed)
np.random.seed(args.seed)


class CartPole:
    g, mc, mp, length, force, tau = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02

    def reset(self):
        self.s = np.random.uniform(-0.05, 0.05, 4)
        return self.s.astype(np.float32)

    def step(self, action):
        x, xd, th, thd = self.s
        f = self.force if action == 1 else -self.force
        cos, sin = np.cos(th), np.sin(th)
        total = self.mc + self.mp
        tmp = (f + self.mp * self.length * thd ** 2 * sin) / total
        thacc = (self.g * sin - cos * tmp) / (self.length * (4 / 3 - self.mp * cos ** 2 / total))
        xacc = tmp - self.mp * self.length * thacc * cos / total
        self.s = np.array([x + self.tau * xd, xd + self.tau * xacc, th + self.tau * thd, thd + self.tau * thacc])
        done = abs(self.s[0]) > 2.4 or abs(self.s[2]) > 0.2095
        return self.s.astype(np.float32), 1.0, done


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 64)
        self.affine2 = nn.Linear(64, 2)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, x):
        return torch.log_softmax(self.affine2(torch.relu(self.affine1(x))), dim=-1)


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=args.lr)
env = CartPole()
eps = np.finfo(np.float32).eps.item()


def select_action(state):
    m = Categorical(logits=policy(torch.from_numpy(state)))
    action = m.sample()
    policy.saved_log_probs.append(m.log_prob(action))
    return action.item()


def finish_episode():
    R = 0
    returns = []
    for r in reversed(policy.rewards):
        R = r + args.gamma * R
        returns.append(R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    policy_loss = [-log_prob * R for log_prob, R in zip(policy.saved_log_probs, returns)]
    optimizer.zero_grad()
    loss = torch.stack(policy_loss).sum()
    loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]


def main():
    running_reward, lengths = 10.0, []
    for i_episode in range(1, args.episodes + 1):
        state, ep_reward = env.reset(), 0.0
        for _ in range(args.max_steps):
            state, reward, done = env.step(select_action(state))
            policy.rewards.append(reward)
            ep_reward += reward
            if done:
                break
        running_reward = 0.05 * ep_reward + 0.95 * running_reward
        lengths.append(ep_reward)
        finish_episode()
        if i_episode % 20 == 0:
            print(f"Episode {i_episode}\tLast reward: {ep_reward:.0f}\tAverage reward: {running_reward:.2f}")
    print(f"mean reward of the last 30 episodes: {np.mean(lengths[-30:]):.1f}")


if __name__ == "__main__":
    main()
