"""One measurement by the load generator, repeated where other work on the machine disturbed it."""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
from dataclasses import dataclass, field
from typing import Any

from .gateways import Endpoint, Launch, Tools
from .processes import Process

DISTURBED_CORES = 0.2  # work of others, or time taken by the hypervisor, in cores
REPEATS = 2
SETUP_SECONDS = 60.0  # at most for handshakes and streams, on top of the measured time


class MeasureError(Exception):
    """A measurement that says nothing: no call was good, or not all of them."""


@dataclass(frozen=True)
class Settings:
    runs: int
    seconds: float
    warmup: float
    stream_hold: float
    repeat_disturbed: bool


@dataclass
class Cell:
    """What one endpoint did in one row: its runs, their medians, or why there are none."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    def median(self, key: str) -> float | None:
        values = [run[key] for run in self.runs if key in run]
        return statistics.median(values) if values else None

    def disturbed(self) -> bool:
        return any(run.get("disturbed") for run in self.runs)

    def as_json(self) -> dict[str, Any]:
        keys = [key for key, value in (self.runs[0].items() if self.runs else []) if type(value) in (int, float)]
        found: dict[str, Any] = {"median": {key: self.median(key) for key in keys}, "runs": self.runs}
        if self.error:
            found["error"] = self.error
        return found


def run_loadgen(tools: Tools, arguments: list[str], seconds: float) -> dict[str, Any]:
    command = [str(tools.loadgen), "--json", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise MeasureError(f"loadgen did not end within {seconds:.0f} s") from None
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise MeasureError(f"loadgen: {done.stderr.strip()[:300] or done.stdout[:300] or 'no output'}") from None


def check_load(found: dict[str, Any]) -> None:
    faults = []
    if found["connections"] and not found["calls"]:
        faults.append("no call was good")
    if found["errors"]:
        faults.append(f"{found['errors']} errors {found['error_kinds']}")
    if found["init_failed"]:
        faults.append(f"{found['init_failed']} handshakes failed")
    if found["streams_held"] < found["streams"]:
        faults.append(f"{found['streams_held']} of {found['streams']} streams held")
    if faults:
        raise MeasureError("; ".join(faults) + (f": {found['first_error'][:200]}" if found["first_error"] else ""))


def load(tools: Tools, endpoint: Endpoint, settings: Settings, arguments: list[str]) -> dict[str, Any]:
    """Loads an endpoint once, or again up to twice where the machine was busy with other work; the least disturbed counts."""
    command = ["--url", endpoint.url, "--tool", endpoint.tool, "--transport", endpoint.transport,
               "--seconds", f"{settings.seconds:g}", "--warmup", f"{settings.warmup:g}",
               "--stream-hold", f"{settings.stream_hold:g}", "--label", endpoint.name,
               "--pid", ",".join(map(str, endpoint.pids)), *arguments]
    if endpoint.others:
        command += ["--other-pid", ",".join(map(str, endpoint.others))]
    tries = []
    for _ in range(1 + (REPEATS if settings.repeat_disturbed and endpoint.judge_foreign else 0)):
        found = run_loadgen(tools, command, settings.seconds + settings.warmup + settings.stream_hold + SETUP_SECONDS)
        check_load(found)
        found["foreign_total"] = max(0.0, found["foreign_cores"]) + found["steal_cores"]
        found["disturbed"] = endpoint.judge_foreign and found["foreign_total"] > DISTURBED_CORES
        tries.append(found)
        if not found["disturbed"]:
            break
    best = min(tries, key=lambda found: found["foreign_total"])
    best["tries"] = len(tries)
    best["cpu_ms_per_1000"] = best["cpu_s_per_1000"] * 1000
    best["rss_mb"] = best["rss_kb_end"] / 1024
    return best


class BackgroundLoad:
    """Loads an endpoint while something is done to its gateway. Stops at the end of a `with`, if not before."""

    def __init__(self, tools: Tools, endpoint: Endpoint, settings: Settings, seconds: float, arguments: list[str]):
        self._seconds = settings.warmup + seconds + SETUP_SECONDS
        command = [str(tools.loadgen), "--json", "--url", endpoint.url, "--tool", endpoint.tool, "--seconds", f"{seconds:g}",
                   "--warmup", f"{settings.warmup:g}", "--pid", ",".join(map(str, endpoint.pids)), *arguments]
        self.process = Process("loadgen", command, tools.work / "background-load.log")

    def __enter__(self) -> BackgroundLoad:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()

    def result(self) -> dict[str, Any]:
        """Waits for its end."""
        self.process.wait_for_end(self._seconds)
        try:
            return json.loads(self.process.output())
        except json.JSONDecodeError:
            raise MeasureError(f"loadgen: {self.process.output()[:300] or 'no output'}") from None


def start_to_ready(tools: Tools, launch: Launch, name: str, expect_tools: int) -> dict[str, Any]:
    command = launch.command
    if launch.env:
        command = ["/usr/bin/env", "-i", *(f"{key}={value}" for key, value in launch.env.items()), *command]
    log = tools.work / f"ready-{name}.log"
    found = run_loadgen(
        tools, ["--mode", "ready", "--url", launch.url, "--spawn", shlex.join(command), "--spawn-log", str(log),
                "--expect-tools", str(expect_tools), "--timeout", "30", "--label", name], SETUP_SECONDS)
    if not found["ready"]:
        tail = " | ".join(log.read_text(errors="replace").strip().splitlines()[-3:]) if log.exists() else ""
        raise MeasureError(f"{found['tools']} of {expect_tools} tools listed after 30 s: {tail[-400:]}")
    found["ready_ms"] = found["tools_ms"]
    found["rss_mb"] = found["rss_kb"] / 1024
    return found
