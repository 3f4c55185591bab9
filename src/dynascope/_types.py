"""Shape aliases named after the mathematics, in one place."""

from typing import TYPE_CHECKING, Any, Protocol, Self, overload

import jax
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

#: One state of a system: an array, or a tree of arrays such as a NamedTuple.
State = PyTree[Any]
#: A moment: a number for flows, an integer for maps.
Time = Float[Array, ""] | Int[Array, ""] | float | int
#: Increasing output times (flows: time units; maps: step numbers).
Times = Float[Array, " time"] | Int[Array, " time"]
#: The value of the input at one moment, or None for a system left alone.
Input = Any
#: A random key of JAX.
Key = PRNGKeyArray
Scalar = Float[Array, ""]
Vector = Float[Array, " n"]
Matrix = Float[Array, "n m"]
Mask = Bool[Array, " k"]
ArrayLike = jax.typing.ArrayLike

if TYPE_CHECKING:

    class Param(Protocol):
        """The type of a field made by `param`: a number or array may be given, an array is held."""

        @overload
        def __get__(self, instance: None, owner: Any) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> jax.Array: ...
        def __set__(self, instance: object, value: jax.typing.ArrayLike) -> None: ...

else:
    #: The type of a field made by `param`: a number or array may be given, an array is held.
    Param = jax.Array
