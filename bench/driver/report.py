"""The table for people, and what else a reader of the figures must know."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from .gateways import Tools
from .goals import Goal
from .rows import Row, is_peer

NAME_WIDTH = 22


def first_line(command: list[str]) -> str:
    """What a program says when asked for its version; "" when it does not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else ""


def machine(tools: Tools, root: Path) -> dict[str, object]:
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "commit": first_line(["git", "-C", str(root), "describe", "--always", "--dirty"]),
        "switchyard": first_line([str(tools.switchyard), "--version"]) if tools.switchyard.exists() else "",
        "nginx": first_line([str(tools.nginx), "-v"]) if tools.nginx else "",
    }


def number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def row_lines(row: Row) -> list[str]:
    headings = [heading for heading, _, _ in row.columns]
    with_ratio = row.columns[0][0] == "calls/s" and "nginx" in row.cells
    if with_ratio:
        headings.insert(1, "x nginx")
    lines = ["", row.title, " " * NAME_WIDTH + "".join(f"{heading:>11}" for heading in headings)]
    base = row.cells["nginx"].median("calls_per_s") if with_ratio else None
    for name, cell in row.cells.items():
        label = f"  {name}{' ~' if cell.disturbed() else ''}"
        if cell.error:
            lines.append(f"{label:<{NAME_WIDTH}}   not measured: {cell.error[:140]}")
            continue
        texts = [number(cell.median(key), digits) for _, key, digits in row.columns]
        if with_ratio:
            ours = cell.median("calls_per_s")
            texts.insert(1, number(ours / base, 2) if ours is not None and base else "-")
        lines.append(f"{label:<{NAME_WIDTH}}" + "".join(f"{text:>11}" for text in texts))
    return lines


def goal_lines(goals: list[Goal]) -> list[str]:
    lines = ["", f"{'goal':<58}{'asked':>28}{'measured':>12}   verdict"]
    for goal in goals:
        asked = f"{goal.sign} {goal.limit:g} {goal.unit}"
        lines.append(f"{goal.text:<58}{asked:>28}{number(goal.value, 2):>12}   {goal.verdict()}{' ~' if goal.disturbed else ''}")
    return lines


def failures(rows: list[Row], ours: bool) -> list[str]:
    """What could not be measured: of the project and its yardsticks, or of the peers."""
    return [f"{row.id}: {name}: {cell.error}" for row in rows for name, cell in row.cells.items() if cell.error and is_peer(name) != ours]


def text(rows: list[Row], goals: list[Goal]) -> str:
    lines = [line for row in rows if row.cells for line in row_lines(row)]
    if any(cell.disturbed() for row in rows for cell in row.cells.values()):
        lines += ["", "~ other work took more than 0.2 core in at least one of the runs: do not trust the figure"]
    return "\n".join(lines + goal_lines(goals))
