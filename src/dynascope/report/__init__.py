"""Reports: the verdict on a target with its evidence, as values, as files and as one self-contained page."""

from ._page import Page as Page
from ._page import Section as Section
from ._page import Table as Table
from ._page import render as render
from ._page import write_page as write_page
from ._recording import report_recording as report_recording
from ._report import Report as Report
from ._spike_trains import report_spike_trains as report_spike_trains
from ._spiking import report_spiking as report_spiking
from ._sweep import sweep_page as sweep_page
from ._system import report_system as report_system
from ._tables import exponents_table as exponents_table
from ._tables import fixed_points_table as fixed_points_table
