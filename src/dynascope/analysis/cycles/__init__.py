"""Periodic orbits of flows: found whether stable or not, with multipliers."""

from ._find import periodic_orbit as periodic_orbit
from ._guess import hopf_guess as hopf_guess
from ._orbit import PeriodicOrbit as PeriodicOrbit
from ._shooting import Shooting as Shooting
from ._solved import Collocation as Collocation
