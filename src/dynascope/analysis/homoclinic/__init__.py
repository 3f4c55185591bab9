"""Homoclinic and heteroclinic orbits: located in one parameter, followed over two."""

from ._curve import HomoclinicCurve as HomoclinicCurve
from ._curve import homoclinic_curve as homoclinic_curve
from ._find import homoclinic_orbit as homoclinic_orbit
from ._orbit import ConnectingOrbit as ConnectingOrbit
from ._points import HomoclinicContinuation as HomoclinicContinuation
