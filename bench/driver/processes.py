"""Processes of a run: started by path, ended by pid, never outliving the driver."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

STOP_SECONDS = 6.0
LOOK_EVERY = 0.02
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class StartError(Exception):
    """A program did not come up; the message says which and why."""


def die_with_parent() -> None:
    """Runs in the child before the program: a killed driver takes it along."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """One running program in a process group of its own, its output in a file."""

    def __init__(self, name: str, command: list[str], log: Path, env: dict[str, str] | None = None, cwd: Path | None = None):
        self.name = name
        self.log = log
        with log.open("wb") as out:
            try:
                self._popen = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd,
                    start_new_session=True, preexec_fn=die_with_parent)
            except OSError as error:
                raise StartError(f"{name}: {error}") from error

    @property
    def pid(self) -> int:
        return self._popen.pid

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, what: str, look: Callable[[], object], seconds: float = 30.0) -> None:
        """Until `look` gives something true. A program that ended, or is late, is a StartError with the end of its output."""
        end = time.monotonic() + seconds
        while not look():
            status = self._popen.poll()
            if status is not None or time.monotonic() > end:
                why = f"ended with status {status}" if status is not None else f"not there after {seconds:.0f} s"
                tail = " | ".join(self.output().strip().splitlines()[-4:])
                raise StartError(f"{self.name}: waiting for {what}: {why}: {tail[-600:] or 'no output'}")
            time.sleep(LOOK_EVERY)

    def wait_for_end(self, seconds: float) -> None:
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise StartError(f"{self.name} did not end within {seconds:.0f} s") from None

    def kill(self) -> None:
        """Without a word, as a crash ends it; nothing else of its group."""
        self._popen.kill()
        self._popen.wait()

    def stop(self) -> None:
        if self._popen.poll() is None:
            self._popen.terminate()
            try:
                self._popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)  # what is left of it, and children it left behind
        except ProcessLookupError:
            pass
        self._popen.wait()


def free_port() -> int:
    """A loopback port nobody listens on, outside the range that outgoing connections take theirs from."""
    for port in random.sample(range(15000, 32000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StartError("no free port found")


def http_status(url: str) -> int:
    """The status of a GET, 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def descendants(pid: int) -> list[int]:
    """All processes below that one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def program_of(pid: int) -> str:
    """The path of what it runs, "" when it has gone."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def rss_kb(pids: list[int]) -> int:
    total = 0
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
    return total
