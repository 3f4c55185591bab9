"""The regime of a system or of a recording, with evidence."""

from ._from_data import RegimeFromData as RegimeFromData
from ._from_data import regime_from_data as regime_from_data
from ._from_model import Attractor as Attractor
from ._from_model import Diagnosis as Diagnosis
from ._from_model import examine as examine
from ._from_model import regime_of as regime_of
