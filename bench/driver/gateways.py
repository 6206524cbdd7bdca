"""What is measured: the upstream itself, nginx, Switchyard. Each is started for a set of servers and gives the endpoints to load."""

from __future__ import annotations

import json
import os
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from .processes import Process, accepts, descendants, free_port, http_status


ADMIN_SECONDS = 10.0


@dataclass(frozen=True)
class Server:
    """An upstream of the set under test: an echo server with `tools` tools."""

    name: str
    kind: str  # "http" or "stdio"
    tools: int = 1
    delay_ms: int = 0  # a stdio server's, from its start until it reads


@dataclass(frozen=True)
class Tools:
    """Paths of the programs, and a folder for configurations and output."""

    loadgen: Path
    upstream_http: Path
    upstream_stdio: Path
    switchyard: Path
    nginx: Path | None
    peers: Path
    work: Path

    def stdio_command(self, server: Server) -> list[str]:
        delay = ["--start-delay-ms", str(server.delay_ms)] if server.delay_ms else []
        return [str(self.upstream_stdio), "--name", server.name, "--tools", str(server.tools - 1), *delay]


@dataclass
class Endpoint:
    """Where to send load, and whose CPU and memory to read."""

    name: str  # as in the table: "switchyard stdio"
    url: str
    tool: str
    pids: list[int]
    others: list[int]  # belong to the run: not foreign load
    transport: str = "http"
    judge_foreign: bool = True  # False where the run's own processes come and go unseen


@dataclass
class Launch:
    """How to start a gateway from outside, for measuring the start: its command and its MCP URL."""

    command: list[str]
    url: str
    env: dict[str, str] = field(default_factory=dict)


class Upstream:
    """The HTTP echo server of a scenario: one for all gateways."""

    def __init__(self, tools: Tools, count: int):
        command = [str(tools.upstream_http), "--port", "0", "--tools", str(count - 1)]
        self.process = Process("upstream_http", command, tools.work / "upstream_http.log")
        self.process.wait_for("its port", lambda: self.process.output().strip().isdigit(), 10)
        self.port = int(self.process.output())
        self.url = f"http://127.0.0.1:{self.port}/mcp"

    def stop(self) -> None:
        self.process.stop()


class Gateway:
    """One thing to measure. `start` then `endpoints`, and `stop` in any case."""

    name = ""

    def __init__(self, tools: Tools):
        self.tools = tools
        self.process: Process | None = None

    def serves(self, servers: list[Server]) -> bool:
        raise NotImplementedError

    def start(self, servers: list[Server], upstream: Upstream | None) -> None:
        raise NotImplementedError

    def endpoints(self, servers: list[Server], upstream: Upstream | None) -> list[Endpoint]:
        raise NotImplementedError

    def stop(self) -> None:
        if self.process:
            self.process.stop()
            self.process = None

    def pids(self) -> list[int]:
        return [self.process.pid] if self.process else []


def http_servers(servers: list[Server]) -> list[Server]:
    return [server for server in servers if server.kind == "http"]


class Direct(Gateway):
    """No gateway: what upstream and load generator can do."""

    name = "direct"

    def serves(self, servers):
        return bool(http_servers(servers))

    def start(self, servers, upstream):
        pass

    def endpoints(self, servers, upstream):
        return [Endpoint(self.name, upstream.url, "echo", [upstream.process.pid], [])]


# Clients and upstream together. Each costs memory from the start, so it is what the rows need and no more.
NGINX_CONNECTIONS = 4096
NGINX_CONFIG = """
{user}
worker_processes 1;
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
  keepalive_requests 1000000000; keepalive_timeout 3600s; tcp_nodelay on;
  client_max_body_size 64m; client_body_buffer_size 2m;
  proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 512k; proxy_max_temp_file_size 0;
  upstream echo {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 3600s; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://echo; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_read_timeout 3600s; proxy_send_timeout 3600s;
    }}
  }}
}}
"""


class Nginx(Gateway):
    """Debian's nginx as a bare reverse proxy with one worker, its own prefix and configuration."""

    name = "nginx"

    def serves(self, servers):
        return self.tools.nginx is not None and bool(http_servers(servers))

    def start(self, servers, upstream):
        root = self.tools.work / "nginx"
        root.mkdir(exist_ok=True)
        self.port = free_port()
        text = NGINX_CONFIG.format(user="user root;" if os.geteuid() == 0 else "", root=root, port=self.port,
                                   upstream=upstream.port, connections=NGINX_CONNECTIONS)
        config = root / "nginx.conf"
        config.write_text(text)
        command = [str(self.tools.nginx), "-p", str(root), "-e", str(root / "start.log"), "-c", str(config)]
        self.process = Process("nginx", command, root / "output.log")
        self.process.wait_for("its port", lambda: accepts(self.port) and descendants(self.process.pid), 10)

    def pids(self):
        return super().pids() + (descendants(self.process.pid) if self.process else [])

    def endpoints(self, servers, upstream):
        return [Endpoint(self.name, f"http://127.0.0.1:{self.port}/mcp", "echo", self.pids(), [upstream.process.pid])]


class Switchyard(Gateway):
    """The program of this repository, with a configuration and a state folder of its own for every start."""

    name = "switchyard"

    def __init__(self, tools, program: Path | None = None):
        super().__init__(tools)
        self.program = program or tools.switchyard
        self._starts = 0

    def serves(self, servers):
        return True

    def launch(self, servers: list[Server], upstream: Upstream | None) -> Launch:
        self._starts += 1
        root = self._root()
        root.mkdir()
        entries = {}
        for server in servers:
            if server.kind == "http":
                entries[server.name] = {"url": upstream.url, "required": True}
            else:
                command, *args = self.tools.stdio_command(server)
                entries[server.name] = {"command": command, "args": args, "required": True}
        self.config, self.state = root / "switchyard.json", root / "state"
        self.config.write_text(json.dumps({"mcpServers": entries}, indent=1))
        self.port = free_port()
        command = [str(self.program), "serve", "--config", str(self.config), "--state", str(self.state),
                   "--listen", f"127.0.0.1:{self.port}", "--admin", f"127.0.0.1:{free_port()}"]
        self.launched = Launch(command, f"http://127.0.0.1:{self.port}/mcp")
        return self.launched

    def start(self, servers, upstream):
        launch = self.launch(servers, upstream)
        self.process = Process(self.name, launch.command, self._root() / "output.log")
        origin = f"http://127.0.0.1:{self.port}"
        self.process.wait_for("the line with its URL", lambda: f":{self.port}" in self.process.output())
        self.process.wait_for("/readyz", lambda: http_status(origin + "/readyz") == 200)

    def endpoints(self, servers, upstream):
        others = descendants(self.process.pid) + ([upstream.process.pid] if upstream else [])
        url = f"http://127.0.0.1:{self.port}/mcp"
        return [Endpoint(f"{self.name} {server.name}", url, f"{server.name}__echo", self.pids(), others) for server in servers]

    def admin(self, path: str, method: str = "GET") -> str:
        """What the admin API answers. Raises OSError."""
        running = json.loads((self.state / "gateway.json").read_text())
        request = urllib.request.Request(running["adminUrl"] + path, method=method,
                                         headers={"Authorization": f"Bearer {running['token']}"})
        with urllib.request.urlopen(request, timeout=ADMIN_SECONDS) as response:
            return response.read().decode()

    def _root(self) -> Path:
        return self.tools.work / f"{self.name}-{self._starts}"


class Baseline(Switchyard):
    """Another build of the program, usually of an earlier commit, to see what has become faster or slower."""

    name = "baseline"
