"""Where the blocks of a sweep are put together: the interface, and arrays in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ._outputs import Block, Kind, filler, padded


class AbstractCollection(ABC):
    """What a sweep writes into. `status` and `outputs` then hold all that was computed."""

    @abstractmethod
    def write(self, block: Block, positions: np.ndarray) -> None:
        """Put a block at the `positions` of its slots; its status comes last, so that it is all there or not at all."""

    @abstractmethod
    def status(self) -> np.ndarray:
        """The status of every point."""

    @abstractmethod
    def outputs(self) -> tuple[dict[str, np.ndarray], dict[str, Kind]]:
        """All outputs by name, points along the first axis, and what they are."""

    @abstractmethod
    def errors(self) -> np.ndarray:
        """The message of each point that failed, else an empty text."""


class InMemory(AbstractCollection):
    """Blocks in arrays of this process.

    Args:
        count: Number of points.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._arrays: dict[str, np.ndarray] = {}
        self._kinds: dict[str, Kind] = {}
        self._status = np.zeros(count, np.int8)
        self._errors: dict[int, str] = {}

    def write(self, block: Block, positions: np.ndarray) -> None:
        for name, array in block.arrays.items():
            old = self._arrays.get(name)
            shape = array.shape[1:]
            if old is None:
                old = np.full((self._count, *shape), filler(array.dtype), array.dtype)
            if shape != old.shape[1:]:
                shape = tuple(max(pair) for pair in zip(shape, old.shape[1:], strict=True))
                old = padded(old, (self._count, *shape))
            old[positions] = padded(array, (len(array), *shape))
            self._arrays[name] = old
        self._kinds |= block.kinds
        for position in positions:
            self._errors.pop(int(position), None)
        self._errors |= {int(p): text for p, text in zip(positions, block.errors, strict=True) if text}
        self._status[positions] = block.status

    def status(self) -> np.ndarray:
        return self._status

    def outputs(self) -> tuple[dict[str, np.ndarray], dict[str, Kind]]:
        return self._arrays, self._kinds

    def errors(self) -> np.ndarray:
        texts = np.full(self._count, "", dtype=object)
        for position, text in self._errors.items():
            texts[position] = text
        return texts
