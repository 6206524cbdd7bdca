"""The rows of the table: what is loaded, how, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .gateways import Endpoint, Gateway, Server, Switchyard, Tools, Upstream
from .measure import Cell, MeasureError, Settings, load, start_to_ready
from .peers import McpProxy, Peer, Supergateway
from .processes import StartError, rss_kb

SETTLE_SECONDS = 1.0
NGINX_MOST_STREAMS = 1000

# A column: heading, key of a run, digits.
Column = tuple[str, str, int]
CALLS: Column = ("calls/s", "calls_per_s", 0)
LATENCIES: list[Column] = [("p50 us", "p50_us", 0), ("p99 us", "p99_us", 0)]
CPU: Column = ("CPU ms/1k", "cpu_ms_per_1000", 1)
RSS: Column = ("RSS MB", "rss_mb", 1)


def plural(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


@dataclass
class Context:
    tools: Tools
    settings: Settings
    gateways: list[Gateway]
    say: Callable[[str], None]


@dataclass
class Row:
    """Loads every endpoint of every gateway that serves `servers`, turn by turn, `runs` times."""

    id: str
    title: str
    servers: list[Server]
    columns: list[Column] = field(default_factory=lambda: [CALLS, *LATENCIES, CPU, RSS])
    fresh: bool = False  # every gateway is started anew for each run, alone
    cells: dict[str, Cell] = field(default_factory=dict)

    def wants(self, gateway: Gateway) -> bool:
        return gateway.serves(self.servers)

    def measure(self, context: Context, endpoint: Endpoint) -> dict[str, Any]:
        raise NotImplementedError

    def run(self, context: Context) -> None:
        gateways = [gateway for gateway in context.gateways if self.wants(gateway)]
        groups = [[gateway] for gateway in gateways] if self.fresh else [gateways]
        rounds = context.settings.runs if self.fresh else 1
        for _ in range(rounds):
            for group in groups:
                with self.running(context, group) as endpoints:
                    for _ in range(context.settings.runs // rounds):
                        for endpoint in endpoints:
                            self.record(context, endpoint.name, lambda e=endpoint: self.measure(context, e))

    def record(self, context: Context, name: str, measure: Callable[[], dict[str, Any]]) -> None:
        """A failed endpoint is not tried again in this row."""
        cell = self.cells.setdefault(name, Cell())
        if cell.error:
            return
        try:
            cell.runs.append(measure())
        except (MeasureError, StartError, OSError) as error:
            cell.error = str(error)
            context.say(f"{self.id}: {name}: {error}")
            return
        heading, key, digits = self.columns[0]
        note = " (disturbed)" if cell.runs[-1].get("disturbed") else ""
        context.say(f"{self.id}: {name}: {cell.runs[-1][key]:,.{digits}f} {heading}{note}")

    @contextmanager
    def running(self, context: Context, gateways: list[Gateway]) -> Iterator[list[Endpoint]]:
        upstream = None
        try:
            if any(server.kind == "http" for server in self.servers):
                tools = max(server.tools for server in self.servers if server.kind == "http")
                upstream = Upstream(context.tools, tools)
            endpoints: list[Endpoint] = []
            for gateway in gateways:
                try:
                    gateway.start(self.servers, upstream)
                    endpoints += gateway.endpoints(self.servers, upstream)
                except StartError as error:
                    self.cells[gateway.name] = Cell(error=str(error))
                    context.say(f"{self.id}: {error}")
            yield endpoints
        finally:
            for gateway in gateways:
                gateway.stop()
            if upstream:
                upstream.stop()


CALL_SERVERS = [Server("http", "http"), Server("stdio", "stdio")]


class CallRow(Row):
    def __init__(self, connections: int, size: int):
        names = {100: "100B", 10240: "10KB", 1000000: "1MB"}
        super().__init__(f"calls-{names[size]}-c{connections}", f"{names[size]}, {plural(connections, 'connection')}", CALL_SERVERS)
        self.connections, self.size = connections, size

    def measure(self, context, endpoint):
        return load(context.tools, endpoint, context.settings,
                    ["--connections", str(self.connections), "--arg-bytes", str(self.size)])


class StreamsRow(Row):
    """Idle SSE streams stand while 16 connections call: what a stream costs, and whether it slows the calls."""

    def __init__(self, streams: int):
        super().__init__(f"streams-{streams}", f"{streams:,} idle SSE streams, 16 connections calling 100B", [Server("http", "http")],
                         [CALLS, *LATENCIES, ("B/stream", "bytes_per_stream", 0), ("RSS MB", "streams_rss_mb", 1)], fresh=True)
        self.streams = streams

    def wants(self, gateway):
        # nginx holds two descriptors for a stream: more than the 20,000 a process may be allowed.
        return super().wants(gateway) and not (gateway.name == "nginx" and self.streams > NGINX_MOST_STREAMS)

    def measure(self, context, endpoint):
        found = load(context.tools, endpoint, context.settings, ["--connections", "16", "--streams", str(self.streams)])
        found["bytes_per_stream"] = (found["rss_kb_streams"] - found["rss_kb_start"]) * 1024 / self.streams
        found["streams_rss_mb"] = found["rss_kb_streams"] / 1024
        return found


class ListRow(Row):
    """tools/list of 20 servers with 50 tools each. Direct and nginx: one server that has as many."""

    tools = 1000

    def __init__(self, connections: int):
        servers = [Server(f"s{i:02d}", "stdio", 50) for i in range(20)]
        super().__init__(f"list-c{connections}", f"tools/list of 20 servers x 50 tools, {plural(connections, 'connection')}",
                         servers, [CALLS, *LATENCIES, CPU, ("MB/s", "mb_per_s", 0), RSS])
        self.connections = connections

    def wants(self, gateway):
        return gateway.serves(self.servers) or gateway.serves([self.single()])

    def single(self) -> Server:
        return Server("all", "http", self.tools)

    def run(self, context):
        many = [gateway for gateway in context.gateways if gateway.serves(self.servers)]
        one = [gateway for gateway in context.gateways if gateway not in many and gateway.serves([self.single()])]
        floor = Row(self.id, self.title, [self.single()])
        floor.cells = self.cells
        with floor.running(context, one) as ends, self.running(context, many) as others:
            ends += {endpoint.url: endpoint for endpoint in others}.values()  # one for each gateway
            for _ in range(context.settings.runs):
                for endpoint in ends:
                    name = endpoint.name.split()[0]
                    self.record(context, name, lambda e=endpoint: self.measure(context, e))

    def measure(self, context, endpoint):
        found = load(context.tools, endpoint, context.settings,
                     ["--connections", str(self.connections), "--method", "tools/list"])
        if found["tools"] < self.tools:
            raise MeasureError(f"{found['tools']} of {self.tools} tools listed")
        return found


class ReadyRow(Row):
    """From the start of the program until all tools are listed, nothing cached; its memory a second later."""

    def __init__(self, count: int):
        servers = [Server(f"s{i:02d}", "stdio", 50) for i in range(count)]
        super().__init__(f"ready-{count}", f"start to ready, {plural(count, 'stdio server')} x 50 tools", servers,
                         [("ready ms", "ready_ms", 0), ("answers ms", "init_ms", 0), RSS])

    def wants(self, gateway):
        # The start is watched over streamable HTTP.
        return isinstance(gateway, (Switchyard, Supergateway, McpProxy)) and gateway.serves(self.servers)

    def run(self, context):
        tools = sum(server.tools for server in self.servers)
        for _ in range(context.settings.runs):
            for gateway in context.gateways:
                if not self.wants(gateway):
                    continue
                launch = gateway.launch(self.servers, None)
                self.record(context, gateway.name, lambda g=gateway, l=launch: start_to_ready(context.tools, l, g.name, tools))


class RestRow(Row):
    """Memory of a started gateway, a second after it is ready and before the first call. Its children are not counted."""

    def __init__(self):
        super().__init__("rest", "memory after the start (one HTTP and one stdio server)", CALL_SERVERS, [RSS], fresh=True)

    def wants(self, gateway):
        return super().wants(gateway) and gateway.name != "direct"

    def record(self, context, name, measure):
        super().record(context, name.split()[0], measure)

    def measure(self, context, endpoint):
        time.sleep(SETTLE_SECONDS)
        return {"rss_mb": rss_kb(endpoint.pids) / 1024}

    @contextmanager
    def running(self, context, gateways):
        with super().running(context, gateways) as endpoints:
            yield endpoints[:1]


def steady_rows() -> list[Row]:
    calls = [CallRow(connections, size) for size in (100, 10240) for connections in (1, 16, 64)]
    return [*calls, CallRow(4, 1000000), StreamsRow(1000), StreamsRow(10000), ListRow(1), ListRow(16), ReadyRow(1), ReadyRow(20), RestRow()]


def is_peer(name: str) -> bool:
    return any(name.split()[0] == peer.name for peer in Peer.__subclasses__())
