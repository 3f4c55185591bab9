"""Maps made by integration: every analysis of maps applies to them."""

from ._events import EventMap as EventMap
from ._events import event_map as event_map
from ._history import HistoryMap as HistoryMap
from ._history import history_map as history_map
from ._poincare import PoincareMap as PoincareMap
from ._poincare import Section as Section
from ._poincare import poincare_map as poincare_map
from ._time_t import TimeTMap as TimeTMap
from ._time_t import stroboscopic_map as stroboscopic_map
from ._time_t import time_t_map as time_t_map
