"""Gateways from npm, to compare with: those that can be started from a command line and speak MCP toward their clients."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

from .gateways import Endpoint, Gateway, Launch, Server, Upstream
from .processes import Process, StartError, accepts, descendants, free_port

# Fixed versions: a comparison is only worth something when it can be repeated.
PACKAGES = ["supergateway@4.0.0", "mcp-proxy@6.7.19", "mcp-hub@4.2.1"]
LOOPBACK = Path(__file__).with_name("loopback.mjs")


def install(folder: Path) -> None:
    """npm install into a folder of its own; no script of a package runs. Raises StartError."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise StartError("npm peers: npm and node are not installed")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise StartError("npm peers: " + (done.stderr.strip().splitlines() or ["npm install failed"])[-1])


def stdio_servers(servers: list[Server]) -> list[Server]:
    return [server for server in servers if server.kind == "stdio"]


class Peer(Gateway):
    """A Node program, kept on loopback; it finds no other program and no home folder but ours."""

    binary = ""
    several = False  # True: serves any number of servers behind one endpoint

    def installed(self) -> bool:
        return self.script().exists() and shutil.which("node") is not None

    def script(self) -> Path:
        return self.tools.peers / "node_modules" / ".bin" / self.binary

    def serves(self, servers):
        count = len(stdio_servers(servers))
        return self.installed() and (count == 1 or (self.several and count > 0))

    def arguments(self, servers: list[Server], port: int) -> list[str]:
        raise NotImplementedError

    def launch(self, servers: list[Server], upstream: Upstream | None) -> Launch:
        self.home = self.tools.work / self.name
        programs = self.home / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        node = programs / "node"
        if not node.exists():
            node.symlink_to(shutil.which("node"))
        self.port = free_port()
        command = [str(node), "--import", str(LOOPBACK), str(self.script()), *self.arguments(stdio_servers(servers), self.port)]
        env = {"PATH": str(programs), "HOME": str(self.home), "NODE_ENV": "production", "LANG": os.environ.get("LANG", "C.UTF-8")}
        return Launch(command, f"http://127.0.0.1:{self.port}/mcp", env)

    def start(self, servers, upstream):
        launch = self.launch(servers, upstream)
        self.process = Process(self.name, launch.command, self.home / "output.log", env=launch.env, cwd=self.home)
        self.process.wait_for("its port", lambda: accepts(self.port), 30)

    def tool(self, server: Server) -> str:
        return "echo"

    def endpoints(self, servers, upstream):
        server = stdio_servers(servers)[0]
        url = f"http://127.0.0.1:{self.port}/mcp"
        return [Endpoint(f"{self.name} stdio", url, self.tool(server), self.pids(), descendants(self.process.pid))]


class Supergateway(Peer):
    """One stdio server. It starts one child for each session, so that other work cannot be told from its own."""

    name = binary = "supergateway"

    def arguments(self, servers, port):
        command = shlex.join(self.tools.stdio_command(servers[0]))
        return ["--stdio", command, "--outputTransport", "streamableHttp", "--stateful", "--port", str(port), "--logLevel", "none"]

    def endpoints(self, servers, upstream):
        found = super().endpoints(servers, upstream)
        found[0].judge_foreign = False
        return found


class McpProxy(Peer):
    """One stdio server."""

    name = binary = "mcp-proxy"

    def arguments(self, servers, port):
        command = self.tools.stdio_command(servers[0])
        return ["--host", "127.0.0.1", "--port", str(port), "--server", "stream", "--", *command]


class McpHub(Peer):
    """Many servers behind one endpoint of the old HTTP+SSE transport."""

    name = binary = "mcp-hub"
    several = True

    def arguments(self, servers, port):
        entries = {}
        for server in servers:
            command, *args = self.tools.stdio_command(server)
            entries[server.name] = {"command": command, "args": args}
        config = self.home / "servers.json"
        config.write_text(json.dumps({"mcpServers": entries}))
        return ["--port", str(port), "--config", str(config)]

    def start(self, servers, upstream):
        super().start(servers, upstream)
        count = len(stdio_servers(servers))
        self.process.wait_for("its servers", lambda: len(descendants(self.process.pid)) >= count, 30)

    def tool(self, server):
        return f"{server.name}__echo"

    def endpoints(self, servers, upstream):
        found = super().endpoints(servers, upstream)
        found[0].transport = "sse"
        return found


PEERS = [Supergateway, McpProxy, McpHub]
