"""The regime of a recording, with evidence."""

from ._from_data import RegimeFromData as RegimeFromData
from ._from_data import regime_from_data as regime_from_data
