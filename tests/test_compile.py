"""Functions compiled soon for small arguments and for speed for large ones."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from dynascope import _compile
from dynascope._compile import compiled


class Line(eqx.Module):
    slope: jax.Array
    name: str

    @compiled
    def at(self, x: Any, *, offset: float = 0.0) -> jax.Array:
        """The value at `x`."""
        return self.slope * x + offset


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The options of each call so far."""
    asked: list[dict[str, Any]] = []
    plain = _compile.eqx.filter_jit

    def filter_jit(function: Any, **given: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            asked.append(given.get("compiler_options", {}))
            return made(*args, **kwargs)

        made = plain(function, **given)
        return call

    monkeypatch.setattr(_compile.eqx, "filter_jit", filter_jit)
    return asked


def test_size_decides(options: list[dict[str, Any]]) -> None:
    double = compiled(lambda tree: jax.tree.map(lambda x: 2.0 * x, tree))
    assert double({"a": jnp.ones(100), "b": 3.0})["b"] == 6.0
    assert double(jnp.ones(10_000))[0] == 2.0
    assert options == [_compile._SOON, _compile._WIDE]


def test_only_the_outermost_function_takes_options(options: list[dict[str, Any]]) -> None:
    double = compiled(lambda x: 2.0 * x)
    one = jnp.ones(())
    assert jax.jit(lambda: double(one))() == 2.0
    assert jax.grad(double)(one) == 2.0
    assert jax.vmap(double)(jnp.ones(3)).tolist() == [2.0, 2.0, 2.0]
    assert jax.lax.scan(lambda c, _: (double(one) * c, None), one, None, length=2)[0] == 4.0
    assert options
    assert not any(options)
    assert double(one) == 2.0
    assert options[-1] == _compile._SOON


def test_an_unknown_option_is_not_used(options: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compile, "_SOON", {"xla_cpu_no_such_option": False})
    _compile._known.cache_clear()
    try:
        assert compiled(lambda x: 2.0 * x)(1.0) == 2.0
    finally:
        _compile._known.cache_clear()
    assert options == [{}]


def test_methods_keywords_and_names() -> None:
    line = Line(jnp.asarray(2.0), "a line")
    assert line.at(3.0, offset=1.0) == 7.0
    assert Line.at.__name__ == "at"
    assert Line.at.__doc__ == "The value at `x`."
