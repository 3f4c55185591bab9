"""What a system does: one question per file, each answered with its uncertainty."""

from ._verdict import REGIMES as REGIMES
from ._verdict import Evidence as Evidence
from ._verdict import Verdict as Verdict
