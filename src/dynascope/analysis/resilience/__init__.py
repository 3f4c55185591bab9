"""Resilience: how hard a system must be pushed to end elsewhere, and which way it goes."""

from ._action import ActionPath as ActionPath
from ._action import minimum_action_path as minimum_action_path
from ._edge import EdgeState as EdgeState
from ._edge import edge_state as edge_state
from ._local import LocalResilience as LocalResilience
from ._local import local_resilience as local_resilience
from ._shock import MinimalShock as MinimalShock
from ._shock import minimal_shock as minimal_shock
from ._tipping import TippingProbabilities as TippingProbabilities
from ._tipping import tipping_probabilities as tipping_probabilities
