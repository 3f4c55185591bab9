"""How far a sweep is: a bar with rate, time left and failures in a terminal or notebook, lines in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

#: Seconds between the lines of a log.
_LINES = 30.0


class Counting:
    """Counts points and shows them on standard error, if asked to.

    Args:
        total: Points to be computed now.
        label: What is being done.
        show: Whether to show anything.
    """

    def __init__(self, total: int, label: str, *, show: bool) -> None:
        self._total, self._label, self._show = total, label, show
        self._done = self._failed = 0
        self._began = self._said = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._console: Any = None

    def __enter__(self) -> Self:
        if self._show:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._console = Console(file=sys.stderr)
            if self._console.is_terminal or self._console.is_jupyter:
                columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"))
                self._bar = Progress(*columns, console=self._console, transient=True)
                self._bar.start()
                self._task = self._bar.add_task(self._label, total=self._total, said="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        if self._bar is not None:
            self._bar.stop()
        elif self._console is not None and self._done:
            self._console.print(f"{self._label}: {self.said()}", highlight=False)

    def advance(self, points: int, failed: int) -> None:
        """Report that `points` more are done, `failed` of them without success."""
        self._done += points
        self._failed += failed
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, said=self.said())
        elif self._console is not None and time.monotonic() - self._said > _LINES:
            self._said = time.monotonic()
            self._console.print(f"{self._label}: {self.said()}", highlight=False)

    def said(self) -> str:
        """Points done, rate, time left and failures in one line."""
        spent = time.monotonic() - self._began
        rate = self._done / spent if spent > 0 else 0.0
        left = _duration((self._total - self._done) / rate) if rate > 0 else "unknown"
        failures = f", {self._failed} failed" if self._failed else ""
        return f"{self._done} of {self._total} points, {rate:.3g}/s, {left} left{failures}"


def _duration(seconds: float) -> str:
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"
