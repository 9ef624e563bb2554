"""The training loop of `soilnb.proda.network.fitting`, in JAX, Equinox and Optax.

This module imports them, so it is imported only when a network is trained. A whole run with its
early stop is one compiled loop over epochs, an epoch one scan over its batches. The random numbers
of an epoch follow from the seed and the epoch's number, so it does not matter in how many calls the
loop is run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

if TYPE_CHECKING:
    from soilnb.proda.network.fitting import TrainingSettings

#: Least true value that an error is relative to; the papers' least prediction.
LEAST = 1e-4

#: Factors of the published loss (phxtao/PRODA_MIC@608ce134, permutation_test_..._best_guess.py).
FACTOR_L2, FACTOR_L1 = 500.0, 25.0

#: Epochs between two looks at the progress bar, and rows of the buffer of losses.
CHUNK = 100

#: Adadelta with the decay and epsilon of Keras, but with its authors' rate: at Keras' rate of 0.001
#: a few hundred sites would need a thousand times as many epochs.
OPTIMISER = optax.adadelta(1.0, rho=0.95, eps=1e-7)
_still = jax.jit(OPTIMISER.init)


def mse(predicted: jax.Array, true: jax.Array, weight: jax.Array) -> jax.Array:
    """Mean squared error of [row, parameter], rows weighted by 0 or 1."""
    return (weight * ((predicted - true) ** 2).mean(1)).sum() / weight.sum()


def l1xl2(predicted: jax.Array, true: jax.Array, weight: jax.Array) -> jax.Array:
    """500 x mean squared error x 25 x mean of abs(error) / true: the papers' product."""
    relative = jnp.abs(predicted - true) / jnp.maximum(true, LEAST)
    ratio = (weight * relative.mean(1)).sum() / weight.sum()
    return FACTOR_L2 * mse(predicted, true, weight) * FACTOR_L1 * ratio


LOSSES: dict[str, Callable] = {"l1xl2": l1xl2, "mse": mse}


class Network(eqx.Module):
    """Fully connected layers with ReLU, and a last one that is linear or squashed to 0 to 1."""

    layers: tuple[eqx.nn.Linear, ...]
    squash: bool = eqx.field(static=True)

    def __init__(self, sizes: Sequence[int], squash: bool, key: jax.Array) -> None:
        self.layers = _layers(tuple(sizes), key)
        self.squash = squash

    def __call__(self, x: jax.Array, dropout: float = 0.0, key: jax.Array | None = None):
        """Return the parameters [n, p] of places [n, k]; with a key, units are dropped."""
        for i, layer in enumerate(self.layers[:-1]):
            x = jax.nn.relu(jax.vmap(layer)(x))
            if key is not None and dropout > 0:
                kept = jax.random.bernoulli(jax.random.fold_in(key, i), 1 - dropout, x.shape)
                x = jnp.where(kept, x / (1 - dropout), 0.0)
        x = jax.vmap(self.layers[-1])(x)
        return jax.nn.sigmoid(x) if self.squash else x


@partial(jax.jit, static_argnums=0)  # as one: step by step, each would be compiled for itself
def _layers(sizes: tuple[int, ...], key: jax.Array) -> tuple[eqx.nn.Linear, ...]:
    keys = jax.random.split(key, len(sizes) - 1)
    return tuple(
        _glorot(eqx.nn.Linear(*pair, key=k), k)
        for pair, k in zip(pairwise(sizes), keys, strict=True)
    )


def _glorot(layer: eqx.nn.Linear, key: jax.Array) -> eqx.nn.Linear:
    """Return the layer with Glorot's uniform weights and no bias, the default of Keras."""
    weight = jax.nn.initializers.glorot_uniform(in_axis=1, out_axis=0)(key, layer.weight.shape)
    return eqx.tree_at(lambda l: (l.weight, l.bias), layer, (weight, jnp.zeros_like(layer.bias)))


class Data(NamedTuple):
    """Training and validation rows, float32, filled up with zeros to whole batches.

    So the compiled loop depends on the number of batches, and not on that of the rows.
    """

    x: jax.Array
    y: jax.Array
    size: jax.Array
    held_x: jax.Array
    held_y: jax.Array
    held_size: jax.Array


def _data(
    rows: tuple[np.ndarray, np.ndarray], held: tuple[np.ndarray, np.ndarray], batch_size: int
) -> Data:
    def full(values: np.ndarray) -> jax.Array:
        size = -(-len(values) // batch_size) * batch_size
        filled = np.zeros((size, values.shape[1]), np.float32)
        filled[: len(values)] = values
        return jnp.asarray(filled)

    return Data(
        *map(full, rows), jnp.asarray(len(rows[0])), *map(full, held), jnp.asarray(len(held[0]))
    )


@dataclass(frozen=True)
class How:
    """What is compiled into the loop."""

    loss: str
    dropout: float
    batch_size: int


class State(NamedTuple):
    """Where a run is: network, optimiser, best network so far, losses of the last epochs."""

    network: Network
    optimiser: optax.OptState
    best: Network
    best_loss: jax.Array
    best_epoch: jax.Array
    epoch: jax.Array
    history: jax.Array


def _epoch(state: State, data: Data, key: jax.Array, how: How) -> State:
    """Go once through the training rows in a new order, and judge the validation rows."""
    loss = LOSSES[how.loss]
    shuffle, drop = jax.random.split(jax.random.fold_in(key, state.epoch))
    number = jnp.arange(data.x.shape[0])
    # the rows in random order, after them what fills up the last batch
    order = jnp.argsort(
        jnp.where(number < data.size, jax.random.uniform(shuffle, number.shape), 2.0)
    )
    real = (number < data.size).astype(jnp.float32)

    def error(network: Network, rows, weight, key):
        return loss(network(data.x[rows], how.dropout, key), data.y[rows], weight)

    def step(carry, given):
        network, moments = carry
        rows, weight, number = given
        value, gradient = eqx.filter_value_and_grad(error)(
            network, rows, weight, jax.random.fold_in(drop, number)
        )
        updates, moments = OPTIMISER.update(gradient, moments, network)
        return (eqx.apply_updates(network, updates), moments), value

    shape = (-1, how.batch_size)
    steps = jnp.arange(number.size // how.batch_size)
    given = (order.reshape(shape), real.reshape(shape), steps)
    (network, moments), values = jax.lax.scan(step, (state.network, state.optimiser), given)
    counted = (jnp.arange(data.held_x.shape[0]) < data.held_size).astype(jnp.float32)
    judged = loss(network(data.held_x), data.held_y, counted)
    better = judged < state.best_loss
    best = jax.tree.map(lambda new, old: jnp.where(better, new, old), network, state.best)
    return State(
        network,
        moments,
        best,
        jnp.where(better, judged, state.best_loss),
        jnp.where(better, state.epoch, state.best_epoch),
        state.epoch + 1,
        state.history.at[state.epoch % CHUNK].set(jnp.stack([values.mean(), judged])),
    )


@eqx.filter_jit
def _advance(
    state: State, data: Data, key: jax.Array, until: jax.Array, patience: jax.Array, how: How
) -> State:
    """Train to the epoch `until`, or until validation has not improved for `patience` epochs."""

    def goes_on(state: State) -> jax.Array:
        waited = state.epoch - 1 - state.best_epoch
        return (state.epoch < until) & (waited < patience)

    return jax.lax.while_loop(goes_on, lambda s: _epoch(s, data, key, how), state)


def _start(sizes: Sequence[int], squash: bool, key: jax.Array) -> State:
    network = Network(sizes, squash, key)
    return State(
        network,
        _still(network),
        network,
        jnp.asarray(jnp.inf, jnp.float32),
        jnp.asarray(-1),
        jnp.asarray(0),
        jnp.zeros((CHUNK, 2), jnp.float32),
    )


def train(
    rows: tuple[np.ndarray, np.ndarray], held: tuple[np.ndarray, np.ndarray], seed: int,
    settings: TrainingSettings, tell: Callable[[int], object] = lambda epochs: None,
) -> tuple[list[np.ndarray], np.ndarray, int]:  # fmt: skip
    """Train a network.

    Parameters
    ----------
    rows, held : pair of arrays [n, k] and [n, p]
        Scaled covariates and parameters of the training and of the validation rows.
    seed : int
        Seed of the weights, of the order of the rows and of what is dropped.
    settings : TrainingSettings
        See `soilnb.proda.network.fitting`.
    tell : callable
        Called from time to time with the number of epochs done since the last call.

    Returns
    -------
    weights : list of arrays
        Weight [out, in] and bias [out] of each layer, of the best epoch.
    history : array [epoch, 2]
        Loss in training (with dropout, mean of the batches) and in validation (without).
    best : int
        The epoch with the least validation loss; -1 when none was finite.
    """
    data = _data(rows, held, settings.batch_size)
    start, key = jax.random.split(jax.random.key(seed))
    sizes = (data.x.shape[1], *settings.architecture, data.y.shape[1])
    state = _start(sizes, settings.output == "bounded", start)
    how = How(settings.loss, settings.dropout, settings.batch_size)
    patience = jnp.asarray(settings.patience)
    history, done = [], 0
    while done < settings.epochs:
        until = min(done + CHUNK, settings.epochs)
        state = _advance(state, data, key, jnp.asarray(until), patience, how)
        epoch = int(state.epoch)
        history.append(np.asarray(state.history)[: epoch - done])
        tell(epoch - done)
        done = epoch
        if epoch < until:
            break
    layers = state.best.layers
    weights = [np.asarray(array) for layer in layers for array in (layer.weight, layer.bias)]
    return weights, np.concatenate(history), int(state.best_epoch)
