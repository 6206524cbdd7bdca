"""What Switchyard is to reach, as ratios to what ran beside it."""

from __future__ import annotations

import operator
from dataclasses import dataclass

from .rows import Row, is_peer

HTTP, STDIO, NGINX = "switchyard http", "switchyard stdio", "nginx"


@dataclass(frozen=True)
class Figure:
    """A number out of the rows: None where one it is made of was not measured."""

    value: float | None = None
    disturbed: bool = False  # other work was in the way of a run it is made of


@dataclass
class Goal:
    text: str
    sign: str  # "<", "<=" or ">="
    limit: float
    unit: str
    figure: Figure

    @property
    def value(self) -> float | None:
        return self.figure.value

    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        holds = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}[self.sign]
        return "pass" if holds(self.value, self.limit) else "MISS"

    @property
    def disturbed(self) -> bool:
        return self.value is not None and self.figure.disturbed

    def as_json(self) -> dict[str, object]:
        return {"goal": self.text, "sign": self.sign, "limit": self.limit, "unit": self.unit, "value": self.value,
                "verdict": self.verdict(), "disturbed": self.disturbed}


class Figures:
    """The medians of the rows that ran."""

    def __init__(self, rows: list[Row]):
        self._rows = {row.id: row for row in rows}

    def median(self, row: str, endpoint: str, key: str, divisor: float = 1) -> Figure:
        cell = self._rows[row].cells.get(endpoint) if row in self._rows else None
        value = cell.median(key) if cell and not cell.error else None
        return Figure() if value is None else Figure(value / divisor, cell.disturbed())

    def ratio(self, row: str, endpoint: str, key: str, base: str = NGINX) -> Figure:
        ours, theirs = self.median(row, endpoint, key), self.median(row, base, key)
        if ours.value is None or not theirs.value:
            return Figure()
        return Figure(ours.value / theirs.value, ours.disturbed or theirs.disturbed)

    def of_best_peer(self, row: str, endpoint: str) -> Figure:
        cells = self._rows[row].cells if row in self._rows else {}
        speeds = {name: self.median(row, name, "calls_per_s").value or 0 for name in cells if is_peer(name)}
        best = max(speeds, key=speeds.get, default=None)
        return self.ratio(row, endpoint, "calls_per_s", best) if best else Figure()

    def kilobytes_per_stream(self) -> Figure:
        """With as many streams as were tried."""
        found = [self.median(row, HTTP, "bytes_per_stream", 1024) for row in ("streams-10000", "streams-1000")]
        return next((figure for figure in found if figure.value is not None), Figure())


def goals(rows: list[Row]) -> list[Goal]:
    f = Figures(rows)
    return [
        Goal("HTTP upstream, 100B, 16 connections: calls/s", ">=", 0.8, "x nginx", f.ratio("calls-100B-c16", HTTP, "calls_per_s")),
        Goal("stdio upstream, 100B, 16 connections: calls/s", ">=", 1.4, "x nginx", f.ratio("calls-100B-c16", STDIO, "calls_per_s")),
        Goal("HTTP upstream, 10KB, 16 connections: calls/s", ">=", 0.8, "x nginx", f.ratio("calls-10KB-c16", HTTP, "calls_per_s")),
        Goal("HTTP upstream, 1MB, 4 connections: calls/s", ">=", 0.7, "x nginx", f.ratio("calls-1MB-c4", HTTP, "calls_per_s")),
        Goal("stdio upstream, 100B, 16 connections: calls/s", ">=", 10, "x the best npm peer", f.of_best_peer("calls-100B-c16", STDIO)),
        Goal("HTTP upstream, 100B, 1 connection: p50", "<=", 1.3, "x nginx", f.ratio("calls-100B-c1", HTTP, "p50_us")),
        Goal("HTTP upstream, 100B, 16 connections: CPU per call", "<=", 1.3, "x nginx",
             f.ratio("calls-100B-c16", HTTP, "cpu_ms_per_1000")),
        Goal("memory after the start", "<", 20, "MB", f.median("rest", "switchyard", "rss_mb")),
        Goal("reload of 50 servers, tools.deny alone: calls dropped", "<=", 0, "calls",
             f.median("reload-50", "switchyard", "dropped")),
        Goal("reload of 50 servers, tools.deny alone: programs started", "<=", 0, "programs",
             f.median("reload-50", "switchyard", "spawns")),
        Goal("100 clients of one stdio server: its processes", "<=", 1, "process", f.median("clients-100", STDIO, "processes")),
        Goal("start, 20 slow servers known from before: the list", "<=", 100, "ms",
             f.median("start-20-slow", "switchyard known", "ready_ms")),
        Goal("kill -9 under load: the next one's list", "<=", 100, "ms", f.median("killed-20", "switchyard", "ready_ms")),
        Goal("kill -9 under load: last process of its servers ended", "<=", 2000, "ms", f.median("killed-20", "switchyard", "left_ms")),
        Goal("one of 20 servers hangs: p99 of the others", "<=", 2, "x quiet",
             f.ratio("hang-20", "switchyard hanging", "p99_us", "switchyard quiet")),
        Goal("memory of an idle stream", "<", 12, "KB", f.kilobytes_per_stream()),
    ]
