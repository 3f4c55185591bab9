"""Who acts on whom in a network: fixed structure whose weights are a parameter."""

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._errors import InputError
from .._param import param, setting
from .._tree import is_traced
from .._types import Matrix, Param

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractConnectivity(eqx.Module):
    """A matrix of weights, entry `[i, j]` from unit j to unit i, of which only the structure may be sparse.

    Implement `size` and `@` (the product with a state of the units); then every network of the catalogue that takes a
    `Connectivity` runs on it, and its weights can be swept or trained like any parameter.
    """

    weights: AbstractVar[Any]

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of units N."""

    @abstractmethod
    def __matmul__(self, x: jax.Array) -> jax.Array:
        """What each unit receives, sum_j W_ij x_j: `x` of shape `(N,)` or `(N, m)` for m signals at once."""

    def dense(self) -> Matrix:
        """The full matrix W, shape `(N, N)`."""
        return self @ jnp.eye(self.size, dtype=self.weights.dtype)


class DenseConnectivity(AbstractConnectivity):
    """All pairs of units connected.

    Args:
        weights: Shape `(N, N)`, entry `[i, j]` from unit j to unit i.

    Raises:
        InputError: If the matrix is not square.

    Example:
        >>> W = DenseConnectivity(jnp.array([[0.0, 2.0], [1.0, 0.0]]))
        >>> (W @ jnp.array([1.0, 10.0])).tolist()
        [20.0, 1.0]
    """

    weights: Param = param(doc="weights")

    def __check_init__(self) -> None:
        if jnp.ndim(self.weights) < 2 or self.weights.shape[-1] != self.weights.shape[-2]:
            raise InputError(
                f"The weights of `DenseConnectivity` must be a square matrix, got shape {jnp.shape(self.weights)}. "
                "Entry `[i, j]` is the weight from unit j to unit i."
            )

    @property
    def size(self) -> int:
        return self.weights.shape[-1]

    def __matmul__(self, x: jax.Array) -> jax.Array:
        return self.weights @ x


class SparseConnectivity(AbstractConnectivity):
    """A list of edges, each with its weight; a product costs one multiplication per edge.

    Faster than a full matrix where fewer than about one pair in ten is connected. Make one with `from_edges` or, from a
    matrix, with `connectivity`.

    Args:
        targets: The unit that each edge acts on, in rising order, shape `(E,)`.
        sources: The unit that each edge comes from, shape `(E,)`.
        weights: One weight per edge, shape `(E,)`.
        units: Number of units N.

    Raises:
        InputError: If the lists differ in length, name units that do not exist, or targets do not rise.

    Example:
        >>> W = SparseConnectivity.from_edges([1, 0], [0, 1], n=3, weights=[2.0, 3.0])
        >>> (W @ jnp.array([1.0, 10.0, 100.0])).tolist()
        [30.0, 2.0, 0.0]
    """

    targets: jax.Array = eqx.field(converter=jnp.asarray)
    sources: jax.Array = eqx.field(converter=jnp.asarray)
    weights: Param = param(doc="weights of the edges")
    units: int = setting(doc="number of units")

    def __check_init__(self) -> None:
        if not jnp.shape(self.weights) == jnp.shape(self.targets) == jnp.shape(self.sources):
            raise InputError(
                "`SparseConnectivity` needs one weight, one target and one source per edge, got shapes "
                f"{jnp.shape(self.weights)}, {jnp.shape(self.targets)} and {jnp.shape(self.sources)}."
            )
        if is_traced((self.targets, self.sources)) or np.ndim(self.targets) != 1:
            return
        ends = np.concatenate([self.targets, self.sources]).astype(int)
        if ends.size and (ends.min() < 0 or ends.max() >= self.units):
            raise InputError(f"The edges name unit {ends.max()}, but there are {self.units}, counted from 0.")
        if np.any(np.diff(np.asarray(self.targets)) < 0):
            raise InputError("The targets of `SparseConnectivity` must rise. `from_edges` sorts edges of any order.")

    @classmethod
    def from_edges(cls, targets: Any, sources: Any, *, n: int, weights: Any = 1.0) -> Self:
        """The network of `n` units with edges in any order.

        Args:
            targets: The unit that each edge acts on.
            sources: The unit that each edge comes from.
            n: Number of units.
            weights: One weight per edge, or one for all. Edges between the same two units add up.
        """
        to, start = np.asarray(targets, int), np.asarray(sources, int)
        if to.shape != start.shape or to.ndim != 1:
            raise InputError(f"`targets` and `sources` must be lists of one length, got {to.shape} and {start.shape}.")
        order = np.lexsort((start, to))
        values = jnp.broadcast_to(jnp.asarray(weights, jnp.result_type(float)), to.shape)[order]
        return cls(jnp.asarray(to[order], jnp.int32), jnp.asarray(start[order], jnp.int32), values, n)

    @property
    def size(self) -> int:
        return self.units

    def __matmul__(self, x: jax.Array) -> jax.Array:
        weights = self.weights.reshape(-1, *(1,) * (x.ndim - 1))
        sent = weights * x[self.sources]
        return jax.ops.segment_sum(sent, self.targets, num_segments=self.units, indices_are_sorted=True)


class StencilConnectivity(AbstractConnectivity):
    """Units on a periodic lattice, each connected alike to its neighbours at fixed offsets.

    (W x)_i = sum_k weights_k x_{i + offset_k}, with units in row-major order of the lattice.

    Args:
        weights: One weight per offset, shape `(k,)`.
        offsets: The offsets, each with one entry per axis of the lattice.
        shape: The shape of the lattice, `(N,)` for a ring.

    Raises:
        InputError: If weights, offsets and shape do not fit together.

    Example:
        >>> ring = StencilConnectivity([1.0, 1.0], offsets=((-1,), (1,)), shape=(4,))
        >>> (ring @ jnp.array([1.0, 2.0, 3.0, 4.0])).tolist()
        [6.0, 4.0, 6.0, 4.0]
    """

    weights: Param = param(doc="weights of the offsets")
    offsets: tuple[tuple[int, ...], ...] = setting(doc="offsets of the neighbours")
    shape: tuple[int, ...] = setting(doc="shape of the lattice")

    def __check_init__(self) -> None:
        if jnp.shape(self.weights)[-1:] != (len(self.offsets),):
            raise InputError(
                f"`StencilConnectivity` has {len(self.offsets)} offsets, but weights of shape "
                f"{jnp.shape(self.weights)}. Give one weight per offset."
            )
        if any(len(offset) != len(self.shape) for offset in self.offsets):
            raise InputError(f"Each offset needs one entry per axis of the lattice, which has {len(self.shape)}.")

    @classmethod
    def ring(cls, n: int, *, neighbours: int = 1, weight: Any = 1.0) -> Self:
        """A ring of `n` units, each connected to the nearest `neighbours` on both sides with the same `weight`."""
        if not 1 <= 2 * neighbours < n:
            raise InputError(f"A ring of {n} units cannot have {neighbours} neighbours on each side.")
        offsets = tuple((k,) for k in range(-neighbours, neighbours + 1) if k)
        weights = jnp.broadcast_to(jnp.asarray(weight, jnp.result_type(float)), (len(offsets),))
        return cls(weights, offsets, (n,))

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __matmul__(self, x: jax.Array) -> jax.Array:
        lattice = x.reshape(*self.shape, *x.shape[1:])
        axes = tuple(range(len(self.shape)))
        shifted = [jnp.roll(lattice, [-step for step in offset], axes) for offset in self.offsets]
        return sum(w * part for w, part in zip(self.weights, shifted, strict=True)).reshape(x.shape)  # type: ignore[union-attr]


def connectivity(matrix: Any) -> AbstractConnectivity:
    """The connectivity that `matrix` describes.

    Args:
        matrix: An array of shape `(N, N)`, a sparse matrix or array of SciPy (`networkx.to_scipy_sparse_array` makes
            one from a graph), or a connectivity, which is returned unchanged. Entry `[i, j]` is from unit j to unit i.

    Raises:
        InputError: If the matrix is not square.

    Example:
        >>> connectivity(np.eye(3)).size
        3
    """
    if isinstance(matrix, AbstractConnectivity):
        return matrix
    if isinstance(matrix, jax.Array | np.ndarray | list | tuple):
        return DenseConnectivity(matrix)  # type: ignore[arg-type]
    from scipy import sparse

    if not sparse.issparse(matrix):
        raise InputError(
            f"A network needs a square array, a sparse matrix of SciPy or a connectivity, got {type(matrix).__name__}."
        )
    entries = sparse.coo_array(matrix)
    rows, columns = np.shape(matrix)
    if rows != columns:
        raise InputError(f"A matrix of weights must be square, got shape {(rows, columns)}.")
    return SparseConnectivity.from_edges(*entries.coords, n=rows, weights=entries.data)
