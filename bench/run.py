#!/usr/bin/env python3
"""Measures Switchyard beside its upstream, nginx and other gateways, in one run on one machine. See bench/README.md."""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True

from driver import peers, report
from driver.changes import change_rows
from driver.gateways import Baseline, Direct, Nginx, Switchyard, Tools
from driver.goals import Goal, goals
from driver.measure import Settings
from driver.processes import StartError
from driver.rows import Context, Row, steady_rows

ROOT = Path(__file__).resolve().parent.parent


class Interrupted(Exception):
    """The run was told to end, or its time was up."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run of 2 s each instead of 3 of 4 s")
    parser.add_argument("--only", metavar="PATTERN", help="rows whose id matches this regular expression; see --list")
    parser.add_argument("--list", action="store_true", help="print the ids of the rows and end")
    parser.add_argument("--peers", action="store_true", help="install the npm peers with npm, and measure them too")
    parser.add_argument("--runs", type=int, help="runs of each measurement; the median counts")
    parser.add_argument("--seconds", type=float, help="measured seconds of a run")
    parser.add_argument("--accept-load", action="store_true", help="do not repeat runs that other work disturbed")
    parser.add_argument("--enforce", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument("--limit", type=float, default=60, metavar="MINUTES", help="end after this time, with what there is (60)")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release", help="folder with the built programs")
    parser.add_argument("--switchyard", type=Path, help="another program to measure in the place of switchyard")
    parser.add_argument("--baseline", metavar="PROGRAM", type=Path, help="another build of switchyard, measured beside it in every row")
    parser.add_argument("--output", type=Path, default=ROOT / "build/bench/results.json", help="where the JSON goes")
    return parser.parse_args()


def all_rows() -> list[Row]:
    return [*steady_rows(), *change_rows()]


def settings(options: argparse.Namespace) -> Settings:
    return Settings(runs=max(1, options.runs or (1 if options.quick else 3)), seconds=options.seconds or (2 if options.quick else 4),
                    warmup=0.5 if options.quick else 1, stream_hold=0.5 if options.quick else 1,
                    repeat_disturbed=not options.accept_load)


def find_tools(options: argparse.Namespace, work: Path) -> Tools:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    tools = Tools(loadgen=options.build / "loadgen", upstream_http=options.build / "upstream_http",
                  upstream_stdio=options.build / "upstream_stdio", switchyard=options.switchyard or options.build / "switchyard",
                  nginx=Path(nginx) if nginx else None, peers=ROOT / "build/bench/peers", work=work)
    for tool in (tools.loadgen, tools.upstream_http, tools.upstream_stdio):
        if not tool.exists():
            raise StartError(f"{tool} is not there: configure with -DSWITCHYARD_BENCH=ON and build bench_tools, as script/bench does")
    return tools


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def on_signal(number: int, _frame: object) -> None:
    raise Interrupted("the time limit was reached" if number == signal.SIGALRM else f"ended by {signal.Signals(number).name}")


def measure(rows: list[Row], context: Context, minutes: float) -> str:
    """Returns why it ended early, or ""."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, on_signal)
    try:
        signal.setitimer(signal.ITIMER_REAL, minutes * 60)
        for row in rows:
            row.run(context)
    except Interrupted as error:
        return str(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def write_json(path: Path, meta: dict[str, object], rows: list[Row], found: list[Goal]) -> None:
    document = {
        "meta": meta,
        "rows": [{"id": row.id, "title": row.title, "results": {name: cell.as_json() for name, cell in row.cells.items()}} for row in rows],
        "goals": [goal.as_json() for goal in found],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def run(options: argparse.Namespace, rows: list[Row], work: Path) -> int:
    tools = find_tools(options, work)
    if options.peers:
        say("installing the npm peers")
        peers.install(tools.peers)
    missing = [] if tools.nginx else ["nginx is not installed (Debian's package: nginx)"]
    gateways = [Direct(tools), Nginx(tools)]
    if tools.switchyard.exists():
        gateways.append(Switchyard(tools))
    else:
        missing.append(f"{tools.switchyard} is not built")
    if options.baseline and options.baseline.exists():
        gateways.append(Baseline(tools, options.baseline.resolve()))
    elif options.baseline:
        missing.append(f"{options.baseline} is not there")
    gateways += [peer(tools) for peer in peers.PEERS] if options.peers else []
    context = Context(tools, settings(options), gateways, say)
    meta = report.machine(tools, ROOT) | {"date": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "runs": context.settings.runs,
                                          "seconds": context.settings.seconds,
                                          "peers": peers.PACKAGES if options.peers else []}
    early = measure(rows, context, options.limit)
    found = goals(rows)
    write_json(options.output, meta, rows, found)
    print(report.text(rows, found))
    print(f"\nresults: {options.output}")
    for note in report.failures(rows, ours=False):
        print(f"peer not measured: {note}")
    faults = missing + report.failures(rows, ours=True) + ([early] if early else [])
    for fault in faults:
        print(f"could not run: {fault}", file=sys.stderr)
    missed = options.enforce and any(goal.verdict() == "MISS" for goal in found)
    return 1 if faults or missed else 0


def main() -> int:
    options = arguments()
    try:
        rows = [row for row in all_rows() if not options.only or re.search(options.only, row.id)]
    except re.error as error:
        print(f"--only: {error}", file=sys.stderr)
        return 2
    if options.list or not rows:
        print("\n".join(row.id for row in (rows or all_rows())))
        return 0 if options.list else 2
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for the programs that keep what they are given
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as work:
        try:
            return run(options, rows, Path(work))
        except StartError as error:
            print(f"could not run: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
