"""Dynascope: what kind of dynamical system is this network?"""

from ._config import configure

configure()
del configure
