"""Reports: the verdict on a target with its evidence, as one self-contained page."""

from ._page import Page as Page
from ._page import Section as Section
from ._page import Table as Table
from ._page import render as render
from ._page import write_page as write_page
from ._tables import exponents_table as exponents_table
from ._tables import fixed_points_table as fixed_points_table
