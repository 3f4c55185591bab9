"""A progress bar on standard error, or nothing at all."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self


class Progress:
    """Counts units of work and shows them with the time left, if asked to.

    Args:
        total: Units of work.
        label: What is being done.
        show: Whether to draw a bar.
    """

    def __init__(self, total: int, label: str, *, show: bool) -> None:
        self._total, self._label, self._show = total, label, show
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if self._show:
            from rich.console import Console
            from rich.progress import Progress as Bar

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._label, total=self._total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        if self._bar is not None:
            self._bar.stop()

    def advance(self, units: int) -> None:
        """Report that `units` more are done."""
        if self._bar is not None:
            self._bar.advance(self._task, units)

    def say(self, label: str) -> None:
        """Say anew what is being done."""
        if self._bar is not None:
            self._bar.update(self._task, description=label)
