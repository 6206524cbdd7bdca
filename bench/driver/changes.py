"""Rows about what happens to a gateway: a reload, many clients, a start, a kill, a server that hangs."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .gateways import Endpoint, Server, Switchyard
from .measure import BackgroundLoad, MeasureError, load, start_to_ready
from .processes import descendants, program_of
from .rows import CALLS, CPU, LATENCIES, RSS, Context, Row

SLOW_START_MS = 1500
SEEN_SECONDS = 10.0  # at most until a change shows
GONE_SECONDS = 10.0  # at most until the processes of a killed gateway have ended


def stdio_servers(count: int, tools: int, delay_ms: int = 0) -> list[Server]:
    return [Server(f"s{i:02d}", "stdio", tools, delay_ms) for i in range(count)]


def wait_until(what: str, holds: Callable[[], object], seconds: float = SEEN_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise MeasureError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.005)


class Session:
    """One MCP session that lists tools."""

    def __init__(self, url: str):
        self._connection = http.client.HTTPConnection(url.split("/")[2], timeout=SEEN_SECONDS)
        self._session = ""
        self._ask({"id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}})
        self._ask({"method": "notifications/initialized"})

    def tools(self) -> int:
        """How many are listed."""
        return self._ask({"id": 1, "method": "tools/list", "params": {}}).count('"inputSchema"')

    def _ask(self, message: dict[str, object]) -> str:
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if self._session:
            headers |= {"Mcp-Session-Id": self._session, "MCP-Protocol-Version": "2025-06-18"}
        self._connection.request("POST", "/mcp", json.dumps({"jsonrpc": "2.0"} | message), headers)
        response = self._connection.getresponse()
        self._session = response.getheader("Mcp-Session-Id") or self._session
        return response.read().decode()


class ChangeRow(Row):
    """Switchyard alone, started anew for each run."""

    def wants(self, gateway):
        return isinstance(gateway, Switchyard)

    def run(self, context):
        for _ in range(context.settings.runs):
            for gateway in filter(self.wants, context.gateways):
                with self.running(context, [gateway]) as endpoints:
                    if endpoints:
                        self.observe(context, gateway, endpoints)

    def observe(self, context: Context, gateway: Switchyard, endpoints: list[Endpoint]) -> None:
        raise NotImplementedError


class ReloadRow(ChangeRow):
    """One tool of each server is kept back, and given again, as often as there is time for while clients call others: by POST
    /api/v1/reload, and by the file alone, in turn."""

    tools, connections = 10, 16

    def __init__(self, count: int):
        title = f"reload of {count} servers x {self.tools} tools, only tools.deny changes; {self.connections} connections calling"
        super().__init__(f"reload-{count}", title, stdio_servers(count, self.tools),
                         [("POST ms", "post_ms", 1), ("listed ms", "listed_ms", 1), ("file ms", "file_ms", 1),
                          ("reloads", "reloads", 0), ("dropped", "dropped", 0), ("spawns", "spawns", 0), CALLS])

    def observe(self, context, gateway, endpoints):
        self.record(context, gateway.name, lambda: self.reload(context, gateway, endpoints))

    def reload(self, context: Context, gateway: Switchyard, endpoints: list[Endpoint]) -> dict[str, Any]:
        seconds = 2 * context.settings.seconds
        spawned, running = self.spawned(gateway), set(descendants(gateway.process.pid))
        endpoint = replace(endpoints[0], tool=",".join(endpoint.tool for endpoint in endpoints))
        session = Session(endpoint.url)
        # A call without an answer is one too late, well before the end.
        arguments = ["--connections", str(self.connections), "--timeout", "1"]
        times: dict[str, list[float]] = {"post_ms": [], "listed_ms": [], "file_ms": []}
        with BackgroundLoad(context.tools, endpoint, context.settings, seconds, arguments) as calls:
            time.sleep(context.settings.warmup + 0.2)
            end = time.monotonic() + seconds - 1.5
            while time.monotonic() < end:
                self.toggle(gateway, session, True, times)
                self.toggle(gateway, session, False, times)
            found = calls.result()
        if not found["calls"] or not times["file_ms"]:
            raise MeasureError(f"no call was good, or no reload was in time: {found['first_error'][:200]}")
        found |= {key: sorted(values)[len(values) // 2] for key, values in times.items()}
        found["reloads"] = len(times["post_ms"]) + len(times["file_ms"])
        found["dropped"] = found["errors"]
        found["spawns"] = max(self.spawned(gateway) - spawned, len(set(descendants(gateway.process.pid)) ^ running))
        return found

    def toggle(self, gateway: Switchyard, session: Session, ask: bool, times: dict[str, list[float]]) -> None:
        """Keeps the tool back and asks for the reload, or gives it again and leaves it to the watch of the file."""
        document = json.loads(gateway.config.read_text())
        for entry in document["mcpServers"].values():
            entry["tools"] = {"deny": ["tool_000"]} if ask else {}
        wanted = len(self.servers) * (self.tools - (1 if ask else 0))
        draft = gateway.config.with_suffix(".new")
        draft.write_text(json.dumps(document, indent=1))
        draft.replace(gateway.config)
        begin = time.monotonic()
        if ask:
            plan = json.loads(gateway.admin("/api/v1/reload", "POST"))
            times["post_ms"].append((time.monotonic() - begin) * 1000)
            moved = [step["text"] for step in plan["servers"] if step["action"] != "keep"]
            if moved:
                raise MeasureError(f"not kept: {moved[0][:200]}")
        wait_until(f"{wanted} tools", lambda: session.tools() == wanted)
        times["listed_ms" if ask else "file_ms"].append((time.monotonic() - begin) * 1000)

    @staticmethod
    def spawned(gateway: Switchyard) -> int:
        lines = gateway.admin("/metrics").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("switchyard_processes_spawned_total ")), 0)


class ManyClientsRow(Row):
    """Many sessions on one stdio server; its processes are counted while they call."""

    def __init__(self, connections: int):
        super().__init__(f"clients-{connections}", f"100B, {connections} clients of one stdio server", [Server("stdio", "stdio")],
                         [CALLS, *LATENCIES, CPU, RSS, ("processes", "processes", 0)])
        self.connections = connections

    def measure(self, context, endpoint):
        counts: list[int] = []
        over = threading.Event()

        def count() -> None:
            while not over.wait(context.settings.seconds / 4):
                running = [pid for parent in endpoint.pids for pid in descendants(parent)]
                counts.append(sum(program_of(pid) == str(context.tools.upstream_stdio) for pid in running))

        counting = threading.Thread(target=count)
        counting.start()
        try:
            found = load(context.tools, endpoint, context.settings, ["--connections", str(self.connections)])
        finally:
            over.set()
            counting.join()
        found["processes"] = max(counts, default=0)
        return found


class KnownRow(Row):
    """From the start of the program until all tools are listed: for the first time, and when they are known from before."""

    def __init__(self, count: int, delay_ms: int):
        name = f"start-{count}-slow" if delay_ms else f"start-{count}"
        slow = f", each {delay_ms / 1000:g} s slow to start" if delay_ms else ""
        super().__init__(name, f"start to first complete list, {count} stdio servers x 50 tools{slow}",
                         stdio_servers(count, 50, delay_ms), [("listed ms", "ready_ms", 0), ("answers ms", "init_ms", 0), RSS])

    def wants(self, gateway):
        return isinstance(gateway, Switchyard)

    def run(self, context):
        tools = sum(server.tools for server in self.servers)
        for _ in range(context.settings.runs):
            for gateway in filter(self.wants, context.gateways):
                launch = gateway.launch(self.servers, None)
                for case in ("cold", "known"):
                    self.record(context, f"{gateway.name} {case}",
                                lambda g=gateway, l=launch: start_to_ready(context.tools, l, g.name, tools))


class KilledRow(ChangeRow):
    """kill -9 of the gateway while clients call: how long until the next one lists all tools, which its servers are too slow to
    tell it, and until nothing is left of the processes of the one before."""

    connections = 16

    def __init__(self, count: int):
        title = f"kill -9 under load, {count} stdio servers x 50 tools, each {SLOW_START_MS / 1000:g} s slow to start"
        super().__init__(f"killed-{count}", title, stdio_servers(count, 50, SLOW_START_MS),
                         [("listed ms", "ready_ms", 0), ("answers ms", "init_ms", 0), ("left ms", "left_ms", 0), RSS])

    def observe(self, context, gateway, endpoints):
        self.record(context, gateway.name, lambda: self.kill(context, gateway, endpoints[0]))

    def kill(self, context: Context, gateway: Switchyard, endpoint: Endpoint) -> dict[str, Any]:
        kept = gateway.state / "catalogs"
        wait_until("what is known is kept", lambda: len(list(kept.glob("*.json"))) == len(self.servers))
        arguments = ["--connections", str(self.connections)]
        with BackgroundLoad(context.tools, endpoint, context.settings, context.settings.seconds, arguments):
            time.sleep(context.settings.warmup + 0.5)
            running = descendants(gateway.process.pid)
            gateway.process.kill()
        left = Remains(running)
        found = start_to_ready(context.tools, gateway.launched, gateway.name, sum(server.tools for server in self.servers))
        found["left_ms"] = left.milliseconds()
        return found


class Remains:
    """Watches processes until they have ended."""

    def __init__(self, pids: list[int]):
        self._begin = time.monotonic()
        self._end = 0.0
        self._pids = pids
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def milliseconds(self) -> float:
        self._thread.join()
        left = [pid for pid in self._pids if Path(f"/proc/{pid}").exists()]
        if left:
            raise MeasureError(f"{len(left)} processes are left {GONE_SECONDS:.0f} s after their gateway was killed")
        return (self._end - self._begin) * 1000

    def _watch(self) -> None:
        while time.monotonic() - self._begin < GONE_SECONDS and any(Path(f"/proc/{pid}").exists() for pid in self._pids):
            time.sleep(0.01)
        self._end = time.monotonic()


class HangRow(ChangeRow):
    """Calls to all servers but one: while that one is well and not asked, and while it is stopped (SIGSTOP) and many calls wait for
    it. In short turns, because what else happens on the machine shows in a p99."""

    waiting, turns = 32, 3

    def __init__(self, count: int):
        title = f"100B, {count - 1} connections calling {count - 1} of {count} stdio servers; the last one hangs"
        super().__init__(f"hang-{count}", title, stdio_servers(count, 1),
                         [CALLS, *LATENCIES, ("p99 added", "p99_added_us", 0), CPU, RSS])

    def observe(self, context, gateway, endpoints):
        short = replace(context, settings=replace(context.settings, seconds=context.settings.seconds / 2))
        for _ in range(self.turns):
            self.turn(short, gateway, endpoints)

    def turn(self, context: Context, gateway: Switchyard, endpoints: list[Endpoint]) -> None:
        *healthy, last = endpoints
        calls = replace(healthy[0], tool=",".join(endpoint.tool for endpoint in healthy))
        arguments = ["--connections", str(len(healthy))]
        self.record(context, f"{gateway.name} quiet", lambda: load(context.tools, calls, context.settings, arguments))
        pid = self.server(gateway, self.servers[-1].name)["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            self.record(context, f"{gateway.name} hanging", lambda: self.hang(context, gateway, calls, last, arguments))
        finally:
            os.kill(pid, signal.SIGCONT)

    def hang(self, context: Context, gateway: Switchyard, calls: Endpoint, last: Endpoint,
             arguments: list[str]) -> dict[str, Any]:
        name = self.servers[-1].name
        patient = ["--connections", str(self.waiting), "--timeout", "120"]
        with BackgroundLoad(context.tools, last, context.settings, 60, patient) as stuck:
            wait_until("calls wait for the server that hangs", lambda: self.server(gateway, name)["openCalls"] == self.waiting)
            found = load(context.tools, replace(calls, others=[*calls.others, stuck.process.pid]), context.settings, arguments)
            if self.server(gateway, name)["openCalls"] != self.waiting:
                raise MeasureError("the calls did not wait")
        quiet = self.cells[f"{gateway.name} quiet"].runs
        if quiet:
            found["p99_added_us"] = found["p99_us"] - quiet[-1]["p99_us"]
        return found

    @staticmethod
    def server(gateway: Switchyard, name: str) -> dict[str, Any]:
        servers = json.loads(gateway.admin("/api/v1/servers"))["servers"]
        return next(server for server in servers if server["name"] == name)


def change_rows() -> list[Row]:
    return [ReloadRow(50), ManyClientsRow(100), KnownRow(20, 0), KnownRow(20, SLOW_START_MS), KilledRow(20), HangRow(20)]
