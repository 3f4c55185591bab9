"""Systems whose solutions are known, for the tests of the solvers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope._types import Input, Param, State, Time
from dynascope.systems import FunctionFlow


def pendulum_like() -> FunctionFlow:
    """A nonlinear flow with explicit time, y' = -2 t y^2, whose solution from 1 at t = 0 is 1 / (1 + t^2)."""
    return ds.flow(lambda t, y, p: -p["a"] * t * y**2, [1.0], parameters={"a": 2.0})


def rotation() -> FunctionFlow:
    """The harmonic oscillator: from (1, 0) the solution is (cos t, -sin t)."""
    return ds.flow(lambda t, y, p: jnp.stack([y[1], -y[0]]), [1.0, 0.0])


def explosion() -> FunctionFlow:
    """y' = y^2 from 1: infinite at t = 1."""
    return ds.flow(lambda t, y, p: y**2, [1.0])


class Ball(ds.AbstractHybrid):
    """A ball that bounces on the floor with restitution `e`, dropped from height 1."""

    e: Param = ds.param(0.8, doc="restitution")
    g: Param = ds.param(10.0, doc="gravity")

    def initial_state(self) -> State:
        return jnp.array([1.0, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return jnp.stack([y[1], -self.g])

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        return -y[:1]

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        return jnp.stack([y[0], -self.e * y[1]])


def bounces(e: float, count: int, g: float = 10.0) -> np.ndarray:
    """Times at which a ball dropped from height 1 touches the floor."""
    first = np.sqrt(2 / g)
    return first * (1 + 2 * np.concatenate([[0.0], np.cumsum(e ** np.arange(1, count))]))


class Clocks(ds.AbstractHybrid):
    """Independent clocks y_i' = rate_i that go back to zero at one: surface i fires at the multiples of 1 / rate_i."""

    rates: Param = ds.param((1.0, 2.0, 0.7), doc="rates")

    def initial_state(self) -> State:
        return jnp.zeros(3)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return self.rates

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        return y - 1.0

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        return jnp.where(fired, 0.0, y)


class Geometric(ds.AbstractSDE):
    """Geometric Brownian motion in the sense of Stratonovich: y(t) = y(0) exp(a t + s W(t))."""

    interpretation = "stratonovich"

    a: Param = ds.param(0.5, doc="growth")
    s: Param = ds.param(0.4, doc="noise")

    def initial_state(self) -> State:
        return jnp.array([1.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        return self.a * y

    def diffusion(self, t: Time, y: State, u: Input) -> State:
        return self.s * y


class Echo(ds.AbstractDelayFlow):
    """y'(t) = -y(t - tau)."""

    tau: Param = ds.param(1.0, doc="delay")
    max_delay: float = ds.setting(1.0, doc="longest delay")

    def initial_state(self) -> State:
        return jnp.array([1.0])

    def vector_field(self, t: Time, y: State, history: Any, u: Input) -> State:
        return -history(t - self.tau)


def echo(t: np.ndarray) -> np.ndarray:
    """The solution of y'(t) = -y(t - 1) from y = 1 by the method of steps: sum_k (-1)^k (t - k + 1)^k / k!."""
    total = np.ones_like(t)
    factorial = 1.0
    for k in range(1, int(np.max(t)) + 3):
        factorial *= k
        total = total + np.where(t >= k - 1, (-1.0) ** k * (t - k + 1) ** k / factorial, 0.0)
    return total
