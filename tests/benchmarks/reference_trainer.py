"""The reference: one word's layer trained as in the miniCOIL article and its code, vectorised.

Linear layer and tanh; cosine triplet loss with each triplet's own margin; 60 epochs of 64,000 triplets in batches of 256;
Adam at the article's 1e-4, or at the code's 2e-3 with a plateau schedule. The Python triplet loop and the training
framework of the original are left out, which makes this several times faster than the original: the ratios printed
against it are on the modest side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cosine_similarity

EPOCHS, TRIPLETS, BATCH = 60, 64_000, 256


@dataclass(frozen=True)
class Schedule:
    learning_rate: float
    plateau: bool


ARTICLE, CODE = Schedule(1e-4, False), Schedule(2e-3, True)


def draw_triplets(role, rows, n, margin, rng):
    """(n, 3) rows and (n,) margins; the same rule as everywhere: a role-model gap of at least `margin`."""
    similarity = role[rows] @ role[rows].T
    found, gaps = [], []
    total = 0
    while total < n:
        anchor, one, other = rng.integers(0, len(rows), (3, 4 * n))
        gap = similarity[anchor, one] - similarity[anchor, other]
        keep = (gap >= margin) & (anchor != one) & (anchor != other)
        found.append(np.stack([anchor[keep], one[keep], other[keep]], axis=1))
        gaps.append(gap[keep])
        total += int(keep.sum())
    return rows[np.concatenate(found)[:n]], np.concatenate(gaps)[:n].astype(np.float32)


def train_reference(sample, split, dims, schedule, seed, epochs=EPOCHS):
    """(D, dims) float32 weights of the last epoch, as upstream saves them."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    embeddings = torch.from_numpy(sample.embeddings)
    layer = torch.nn.Linear(embeddings.shape[1], dims, bias=False)
    optimizer = torch.optim.Adam(layer.parameters(), lr=schedule.learning_rate)
    plateau = (
        torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=5) if schedule.plateau else None
    )
    rows, margins = draw_triplets(sample.role, split.train, TRIPLETS, 0.1, rng)
    held, held_margins = draw_triplets(sample.role, split.validation, 2000, 0.1, rng)
    rows, margins = torch.from_numpy(rows), torch.from_numpy(margins)
    held, held_margins = torch.from_numpy(held), torch.from_numpy(held_margins)
    for _ in range(epochs):
        order = torch.randperm(len(rows))
        for start in range(0, len(rows), BATCH):
            batch = order[start : start + BATCH]
            loss = _loss(layer, embeddings, rows[batch], margins[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if plateau is not None:
            with torch.no_grad():
                plateau.step(_loss(layer, embeddings, held, held_margins))
    return layer.weight.detach().numpy().T.astype(np.float32)


def _loss(layer, embeddings, rows, margins):
    anchor, positive, negative = (torch.tanh(layer(embeddings[rows[:, column]])) for column in range(3))
    near, far = cosine_similarity(anchor, positive), cosine_similarity(anchor, negative)
    return torch.relu(margins - (near - far)).mean()
