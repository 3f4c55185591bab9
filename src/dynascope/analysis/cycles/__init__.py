"""Periodic orbits of flows and hybrid systems: found whether stable or not, with multipliers."""

from ._asymptotic_phase import AsymptoticPhase as AsymptoticPhase
from ._asymptotic_phase import asymptotic_phase as asymptotic_phase
from ._find import periodic_orbit as periodic_orbit
from ._guess import hopf_guess as hopf_guess
from ._hybrid_orbit import HybridOrbit as HybridOrbit
from ._hybrid_orbit import hybrid_orbit as hybrid_orbit
from ._hybrid_response import hybrid_phase_response as hybrid_phase_response
from ._isochrons import Isochrons as Isochrons
from ._isochrons import isochrons as isochrons
from ._orbit import PeriodicOrbit as PeriodicOrbit
from ._phase_response import PhaseResponse as PhaseResponse
from ._phase_response import phase_response as phase_response
from ._shooting import Shooting as Shooting
from ._solved import Collocation as Collocation
