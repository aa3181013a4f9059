"""An autoregressive prior over the cells of a codebook: each entry given all cells before it.

A masked convolutional network (van den Oord et al. 2016), as a VQ-VAE has it for its samples. It is
fitted to the codes after training: neither encoder nor decoder know of it.
"""

from __future__ import annotations

import copy
import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vae_core.analysis.rate.entry_use import codebook_of, entry_indices
from vae_core.codes import Codes

CHANNELS = 64
BATCH, MAX_EPOCHS, PATIENCE = 128, 60, 4
LR = 2e-3
HELD_OUT = 8  # of so many images one tells when to stop


class MaskedConv(nn.Conv2d):
    """A convolution of which an output depends on cells before its own only, row by row.

    With `sees_itself` also on what its own cell has become, in layers above the first.
    """

    def __init__(self, channels_in: int, channels: int, reach: int, sees_itself: bool) -> None:
        super().__init__(channels_in, channels, 2 * reach + 1, padding=reach)
        mask = torch.ones(2 * reach + 1, 2 * reach + 1)
        mask[reach, reach + int(sees_itself) :] = 0.0
        mask[reach + 1 :] = 0.0
        self.mask: Tensor
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        """The convolution with the weights that are let through."""
        return functional.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


class CellModel(nn.Module):
    """p(k_1 ... k_S) = product of p(k_s | k_1 ... k_(s-1)), cells from left to right, row by row.

    Parameters
    ----------
    n_entries : int
    sites : (h, w)
        (1, 1) for a vector.
    """

    title = "autoregressive"

    def __init__(self, n_entries: int, sites: tuple[int, int]) -> None:
        super().__init__()
        self.n_entries, self.sites = n_entries, sites
        reach = max(1, max(sites) - 1)  # the first layer sees all cells before, so none is missed
        self.first = MaskedConv(n_entries, CHANNELS, reach, sees_itself=False)
        self.place = nn.Parameter(torch.zeros(CHANNELS, *sites))
        self.second = MaskedConv(CHANNELS, CHANNELS, 1, sees_itself=True)
        self.last = nn.Conv2d(CHANNELS, n_entries, 1)

    def forward(self, indices: Int[Tensor, "n h w"]) -> Float[Tensor, "n K h w"]:
        """Logits of every cell's entry, given the cells before it."""
        one_hot = functional.one_hot(indices, self.n_entries).movedim(-1, 1)
        hidden = torch.relu(self.first(one_hot.to(self.place)) + self.place)
        hidden = hidden + torch.relu(self.second(hidden))
        logits: Tensor = self.last(hidden)
        return logits

    def nats(self, indices: Int[Tensor, "n S"]) -> Float[Tensor, " n"]:
        """-log p of every image's entries."""
        cells = indices.reshape(-1, *self.sites)
        losses = functional.cross_entropy(self(cells), cells, reduction="none")
        return losses.flatten(1).sum(1)

    @torch.no_grad()
    def log_prob(self, indices: Int[Tensor, "n S"]) -> Float[Tensor, " n"]:
        """log p of every image's entries, in nats."""
        return torch.cat([-self.nats(some).double() for some in indices.split(1000)])

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Int[Tensor, "n S"]:
        """Cell after cell."""
        cells = torch.zeros((n, *self.sites), dtype=torch.long)
        for row in range(self.sites[0]):
            for column in range(self.sites[1]):
                logits = self(cells)[:, :, row, column]
                drawn = torch.multinomial(logits.softmax(1), 1, generator=generator)
                cells[:, row, column] = drawn[:, 0]
        return cells.flatten(1)


class CellFit:
    """A fit by maximum likelihood, until held-out images no longer gain: an epoch at a time.

    Parameters
    ----------
    codes : Codes
        Of a codebook.
    seed : int
        The same seed gives the same model; torch's global generator stays as it is.

    Attributes
    ----------
    model : CellModel
        The best so far.
    epoch : int
        Epochs done.
    is_done : bool

    Raises
    ------
    ConfigError
        When the codes are not of a codebook.
    """

    def __init__(self, codes: Codes, seed: int = 0) -> None:
        indices, book = entry_indices(codes), codebook_of(codes)
        *sites, _ = codes.latent_shape
        h, w = sites or (1, 1)
        self._generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(indices), generator=self._generator)
        n_held_out = len(order) // HELD_OUT
        self._held_out, self._train = indices[order[:n_held_out]], indices[order[n_held_out:]]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._now = CellModel(len(book.entries), (h, w))
        self.model = copy.deepcopy(self._now).requires_grad_(False)
        self._optimiser = torch.optim.AdamW(self._now.parameters(), LR, weight_decay=1e-2)
        self._best, self._since = math.inf, 0
        self.epoch, self.is_done = 0, False

    def step(self) -> None:
        """One epoch more; nothing once it is done."""
        if self.is_done:
            return
        for batch in torch.randperm(len(self._train), generator=self._generator).split(BATCH):
            self._optimiser.zero_grad(set_to_none=True)
            self._now.nats(self._train[batch]).mean().backward()
            self._optimiser.step()
        loss = -float(self._now.log_prob(self._held_out).mean()) if len(self._held_out) else 0.0
        self._since = 0 if loss < self._best else self._since + 1
        if loss < self._best:
            self._best = loss
            self.model.load_state_dict(self._now.state_dict())
        self.epoch += 1
        self.is_done = self._since == PATIENCE or self.epoch == MAX_EPOCHS


def fit_cell_model(codes: Codes, seed: int = 0) -> CellModel:
    """The model of a whole `CellFit`."""
    fit = CellFit(codes, seed)
    while not fit.is_done:
        fit.step()
    return fit.model
