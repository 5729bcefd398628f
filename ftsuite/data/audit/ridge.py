"""Out-of-sample scores of many linear classifiers at once, by ridge regression on standardised features.

Least squares on one-hot targets stands in for logistic regression: all its folds come out of one pass over the
features, a hundred columns of targets cost hardly more than one, nothing has to converge, and what it gives is turned
into probabilities by a logistic regression on its scores (`ftsuite.data.audit.calibration`). On frozen features it
found planted label errors as well as logistic regression on the features did, in a tenth of the time or less. One class
against all others by regularised least squares is that of Rifkin and Klautau, 2004
(https://www.jmlr.org/papers/v5/rifkin04a.html).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.linalg

_BLOCK_ROWS = 4096
# Beyond this many columns features are projected at random: a square of them has to be held, and solved per fold.
MOST_COLUMNS = 3072


class FoldedRidge:
    """Ridge regression that leaves out one fold at a time; targets may be anything with a row an example.

    It reads the features a block at a time and holds a few squares of their columns.

    Args:
        features: ``(n, d)`` float32, in memory or mapped from disk.
        folds: ``(n,)`` int64 from 0.
        penalty: in units of the variance of a standardised feature.
        seed: of the projection of features with very many columns.
    """

    def __init__(self, features: np.ndarray, folds: np.ndarray, *, penalty: float = 1.0, seed: int = 0) -> None:
        self._features, self._folds = features, folds
        self._projection = _projection(features.shape[1], seed)
        self._mean, self._scale = self._moments()
        self._members = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
        self._sums, grams = [], []
        for members in self._members:
            gram, total = self._gram(members)
            grams.append(gram)
            self._sums.append(total)
        whole, sums = np.sum(grams, axis=0), np.sum(self._sums, axis=0)
        self._factors = []
        for members, total in zip(self._members, self._sums, strict=True):
            count = max(len(features) - len(members), 1)
            mean = (sums - total) / count
            # Taken off the list, so that no more squares are held than there are folds.
            matrix = whole - grams.pop(0)
            matrix -= count * np.outer(mean, mean)
            matrix.flat[:: len(matrix) + 1] += penalty * count
            self._factors.append(scipy.linalg.cho_factor(matrix, overwrite_a=True, check_finite=False))

    def scores(self, targets: np.ndarray) -> np.ndarray:
        """What the regression on all other folds says of each example.

        Args:
            targets: ``(n, k)`` float32.

        Returns:
            ``(n, k)`` float32.
        """
        products = [self._product(members, targets) for members in self._members]
        target_sums = [targets[members].sum(axis=0, dtype=np.float64) for members in self._members]
        product, target_sum, total = np.sum(products, axis=0), np.sum(target_sums, axis=0), np.sum(self._sums, axis=0)
        found = np.empty((len(targets), targets.shape[1]), dtype=np.float32)
        for number, members in enumerate(self._members):
            count = max(len(targets) - len(members), 1)
            mean, level = (total - self._sums[number]) / count, (target_sum - target_sums[number]) / count
            right = product - products[number] - count * np.outer(mean, level)
            weights = scipy.linalg.cho_solve(self._factors[number], right, check_finite=False)
            offset = (level - mean @ weights).astype(np.float32)
            weights = weights.astype(np.float32)
            for rows, block in self._blocks(members):
                found[rows] = block @ weights + offset
        return found

    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each column; no label takes part, so folds need none of their own."""
        total: np.ndarray | float = 0.0
        squares: np.ndarray | float = 0.0
        for rows in _ranges(len(self._features)):
            block = self._projected(rows).astype(np.float64)
            total, squares = total + block.sum(axis=0), squares + np.square(block).sum(axis=0)
        mean = np.asarray(total) / len(self._features)
        spread = np.sqrt(np.maximum(np.asarray(squares) / len(self._features) - mean**2, 0.0))
        # A column that does not vary says nothing, and must not be blown up by its rounding.
        scale = np.where(spread > 1e-6 * np.abs(mean), 1 / np.maximum(spread, 1e-30), 0.0)
        return mean.astype(np.float32), scale.astype(np.float32)

    def _gram(self, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        width = len(self._mean)
        gram, total = np.zeros((width, width)), np.zeros(width)
        for _, block in self._blocks(members):
            gram += block.T @ block
            total += block.sum(axis=0, dtype=np.float64)
        return gram, total

    def _product(self, members: np.ndarray, targets: np.ndarray) -> np.ndarray:
        product = np.zeros((len(self._mean), targets.shape[1]))
        for rows, block in self._blocks(members):
            product += block.T @ targets[rows]
        return product

    def _blocks(self, members: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for rows in _ranges(len(members)):
            chosen = members[rows]
            yield chosen, (self._projected(chosen) - self._mean) * self._scale

    def _projected(self, rows: np.ndarray | slice) -> np.ndarray:
        block = np.asarray(self._features[rows], dtype=np.float32)
        return block if self._projection is None else block @ self._projection


def _projection(width: int, seed: int) -> np.ndarray | None:
    if width <= MOST_COLUMNS:
        return None
    draws = np.random.default_rng([seed, 0x9E0]).standard_normal((width, MOST_COLUMNS), dtype=np.float32)
    return draws / np.float32(np.sqrt(MOST_COLUMNS))


def _ranges(count: int) -> Iterator[slice]:
    return (slice(start, min(start + _BLOCK_ROWS, count)) for start in range(0, count, _BLOCK_ROWS))
