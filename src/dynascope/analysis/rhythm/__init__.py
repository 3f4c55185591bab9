"""Rhythms: the power spectrum and the period."""

from ._period import Period as Period
from ._period import period as period
from ._spectrum import Spectrum as Spectrum
from ._spectrum import spectrum as spectrum
