// Runs the matrix of the official suite; tests/conformance/run says how.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { complaints, expectedIn, holds, judge } from './compare.mjs';
import { endAll, endWithSignals, Group } from './processes.mjs';
import { clientScenarios, loginSuites, output, root, runClientScenario, runLoginSuite, runServerSuite, serverSuites } from './suites.mjs';

const binary = process.env.SWITCHYARD_BIN ?? path.join(root, 'build/release/switchyard');
const fixture = path.join(root, 'tests/conformance/fixture/main.mjs');
const startDeadline = 30_000;

function readArguments(words) {
  const options = { only: '', jobs: 2 };
  for (let at = 0; at < words.length; at += 2) {
    const value = words[at + 1];
    if (words[at] === '--only' && value !== undefined) options.only = value;
    else if (words[at] === '--jobs' && Number(value) >= 1) options.jobs = Number(value);
    else throw new Error(`unknown argument ${words[at]}; usage: tests/conformance/run [--only TEXT] [--jobs N]`);
  }
  return options;
}

async function startFixture() {
  const program = new Group('the fixture', process.execPath, [fixture, 'http'], { log: path.join(output, 'fixture.log'), lines: true });
  return program.line((line) => line.startsWith('http://'), startDeadline);
}

/** A gateway with the fixture as an HTTP server and as a stdio server; where it listens. */
async function startGateway(home, url) {
  const config = path.join(home, 'switchyard.json');
  await writeFile(config, JSON.stringify({ mcpServers: { http: { url }, stdio: { command: process.execPath, args: [fixture, 'stdio'] } } }));
  const args = ['serve', '--config', config, '--state', path.join(home, 'state'), '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home };
  const program = new Group('the gateway', binary, args, { log: path.join(output, 'gateway.log'), lines: true, env });
  const line = await program.line((text) => /http:\/\/\S+/.test(text), startDeadline);
  return new URL(/http:\/\/[^\s"']+/.exec(line)[0]).origin;
}

/** Every cell of the matrix: { name, scenarios, direct: name of the cell to compare with, run(): results by scenario }. */
function matrix(fixtureUrl, gateway, home) {
  const cells = [];
  for (const suite of serverSuites) {
    for (const way of ['direct', 'http', 'stdio']) {
      const name = `server/${suite.name}/${way}`;
      const url = way === 'direct' ? fixtureUrl : `${gateway}/mcp/servers/${way}`;
      const { scenarios } = suite;
      const direct = way === 'direct' ? undefined : `server/${suite.name}/direct`;
      cells.push({ name, scenarios, direct, run: () => runServerSuite(suite, url, path.join(output, name)) });
    }
  }
  for (const scenario of clientScenarios) {
    for (const way of ['direct', 'gateway']) {
      const name = `client/${scenario}/${way}`;
      const env = { SWITCHYARD_BIN: binary, SWITCHYARD_CONFORMANCE_WAY: way, TMPDIR: home };
      const run = async () => new Map([[scenario, await runClientScenario(scenario, path.join(output, name), env)]]);
      cells.push({ name, scenarios: 1, direct: way === 'direct' ? undefined : `client/${scenario}/direct`, run });
    }
  }
  for (const suite of loginSuites) {
    const name = `login/${suite.name}`;
    cells.push({ name, scenarios: suite.scenarios.length, run: () => runLoginSuite(suite, path.join(output, name)) });
  }
  return cells;
}

async function runAll(cells, jobs) {
  const waiting = [...cells];
  const results = new Map();
  const work = async () => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      const started = Date.now();
      const scenarios = await cell.run();
      results.set(cell.name, { scenarios, seconds: (Date.now() - started) / 1000 });
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

/** Judges a cell; the scenarios are those of the direct run too, so that one that never ran is seen. */
function judgeCell(cell, results, expected) {
  const here = results.get(cell.name).scenarios;
  const direct = cell.direct === undefined ? undefined : results.get(cell.direct).scenarios;
  const names = new Set([...here.keys(), ...(direct?.keys() ?? [])]);
  const row = { name: cell.name, seconds: results.get(cell.name).seconds, passed: 0, failed: 0, checks: 0, badChecks: 0, lost: 0, excused: 0, lines: [] };
  for (const scenario of names) {
    const checks = here.get(scenario) ?? [{ id: 'scenario', status: 'FAILURE', errorMessage: 'did not run' }];
    const verdict = judge(checks, direct?.get(scenario), expectedIn(expected, cell.name, scenario));
    row[holds(verdict) ? 'passed' : 'failed'] += 1;
    row.checks += checks.filter(({ status }) => status === 'SUCCESS').length;
    row.badChecks += verdict.bad.length;
    row.lost += verdict.lost.length;
    row.excused += verdict.excused.length;
    row.lines.push(...complaints(verdict, checks).map((line) => `${scenario}: ${line}`));
  }
  if (names.size < cell.scenarios) {
    row.failed += cell.scenarios - names.size;
    row.lines.push(`ran ${names.size} of ${cell.scenarios} scenarios`);
  }
  return row;
}

function printTable(rows) {
  const head = ['cell', 'scenarios', 'passed', 'failed', 'checks', 'bad', 'lost', 'excused', 's'];
  const body = rows.map((row) => [
    row.name,
    ...[row.passed + row.failed, row.passed, row.failed, row.checks, row.badChecks, row.lost, row.excused, row.seconds.toFixed(1)].map(String),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((line) => line[column].length)));
  for (const line of [head, ...body]) {
    console.log(line.map((word, column) => (column === 0 ? word.padEnd(widths[column]) : word.padStart(widths[column]))).join('  '));
  }
}

// What goes wrong the same way in several cells is said once.
function printComplaints(rows) {
  const cells = new Map();
  for (const { name, lines } of rows) for (const line of lines) cells.set(line, [...(cells.get(line) ?? []), name]);
  for (const [line, names] of cells) console.log(`${line}\n    in ${names.join(', ')}`);
}

async function main() {
  const { only, jobs } = readArguments(process.argv.slice(2));
  const expected = JSON.parse(await readFile(path.join(root, 'tests/conformance/expected.json'), 'utf8'));
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  const home = await mkdtemp(path.join(tmpdir(), 'switchyard-conformance-'));
  process.on('exit', () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

  const fixtureUrl = await startFixture();
  const all = matrix(fixtureUrl, await startGateway(home, fixtureUrl), home);
  const wanted = all.filter(({ name }) => name.includes(only));
  const cells = all.filter(({ name }) => wanted.some((cell) => cell.name === name || cell.direct === name));
  if (cells.length === 0) throw new Error(`no cell has "${only}" in its name`);
  const results = await runAll(cells, jobs);
  await endAll();

  const rows = cells.map((cell) => judgeCell(cell, results, expected));
  printTable(rows);
  printComplaints(rows);
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') === 0 ? 0 : 1;
}

endWithSignals();
try {
  await main();
} catch (error) {
  console.error(`conformance: ${error.message}`);
  await endAll();
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
