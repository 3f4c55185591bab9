"""Rhythms: the power spectrum, the period, and the returns of a running system."""

from ._cycle import Returns as Returns
from ._cycle import returns as returns
from ._period import Period as Period
from ._period import period as period
from ._spectrum import Spectrum as Spectrum
from ._spectrum import spectrum as spectrum
