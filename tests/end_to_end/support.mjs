// What the end-to-end tests share: the gateway as a process, npm's servers and clients around it. Everything started here is ended
// with the test that started it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const binary = process.env.SWITCHYARD_BIN ?? path.join(root, 'build/release/switchyard');

// The peers live in a folder of their own, where a plain import from here would not look.
const require = createRequire(path.join(root, 'tests/npm/package.json'));
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
export const types = require('@modelcontextprotocol/sdk/types.js');

const peer = (...parts) => path.join(root, 'tests/npm/node_modules', ...parts);
const everythingProgram = peer('@modelcontextprotocol/server-everything/dist/index.js');
const filesystemProgram = peer('@modelcontextprotocol/server-filesystem/dist/index.js');
const memoryProgram = peer('@modelcontextprotocol/server-memory/dist/index.js');
const inspectorProgram = peer('.bin/mcp-inspector');
const remoteProgram = peer('.bin/mcp-remote');
const fixtureProgram = path.join(root, 'tests/conformance/fixture/main.mjs');

const startDeadline = 30_000;
const stopDeadline = 15_000;
const eventDeadline = 20_000;

// Entries of mcpServers.
export const everything = { command: process.execPath, args: [everythingProgram, 'stdio'] };
export const filesystem = (folder) => ({ command: process.execPath, args: [filesystemProgram, folder] });
export const fixture = { command: process.execPath, args: [fixtureProgram, 'stdio'] };
export const memory = (file) => ({ command: process.execPath, args: [memoryProgram], env: { MEMORY_FILE_PATH: file } });

const cleanups = new WeakMap();

/** Runs `action` when the test is over: the last registered first, each whatever became of the others. */
function onEnd(t, action) {
  const known = cleanups.get(t);
  if (known) {
    known.push(action);
    return;
  }
  const actions = [action];
  cleanups.set(t, actions);
  t.after(async () => {
    const errors = [];
    while (actions.length > 0) {
      try {
        await actions.pop()();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  });
}

export async function temporaryFolder(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'switchyard-test-'));
  onEnd(t, () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** An environment in which nothing of the person who runs the tests is read or written. */
export function privateEnvironment(folder, extra = {}) {
  return {
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
    HOME: folder,
    TMPDIR: folder,
    XDG_CONFIG_HOME: path.join(folder, 'config'),
    XDG_STATE_HOME: path.join(folder, 'state'),
    ...extra,
  };
}

function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function processTable() {
  const table = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end between the listing and the reading.
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (rest.length > 20) table.push({ pid: Number(entry), state: rest[0], parent: Number(rest[1]), started: rest[19] });
  }
  return table;
}

/** Every living process below `pid`, itself not included. */
export async function descendants(pid) {
  const table = await processTable();
  const found = [];
  const above = new Set([pid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const process of table) {
      if (!above.has(process.parent) || above.has(process.pid) || process.state === 'Z') continue;
      above.add(process.pid);
      found.push(process);
      grown = true;
    }
  }
  return found;
}

/** Those of these processes that still run. */
export async function survivors(processes) {
  const now = new Map((await processTable()).map((process) => [process.pid, process]));
  return processes.filter(({ pid, started }) => now.get(pid)?.started === started && now.get(pid).state !== 'Z');
}

/** Fails when one of these processes still runs; a moment is left for the kernel to take them down. */
async function assertGone(processes) {
  const deadline = Date.now() + stopDeadline;
  for (;;) {
    const left = await survivors(processes);
    if (left.length === 0) return;
    if (Date.now() > deadline) assert.fail(`still running: ${left.map(({ pid }) => pid).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

// A test process that ends early takes its programs with it.
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

class Program {
  constructor(command, args, options) {
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.name = path.basename(command);
    running.add(this.child);
    this.child.once('close', () => running.delete(this.child));
    this.stderr = '';
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve({ code, signal }));
    });
    // Whoever waits for the end hears of an error; nobody has to.
    this.ended.catch(() => {});
  }

  get pid() {
    return this.child.pid;
  }

  /** The first line on standard output that `matches`; rejects when the program ends before. */
  line(matches) {
    const found = new Promise((resolve) => {
      const lines = readline.createInterface({ input: this.child.stdout });
      lines.on('line', (line) => matches(line) && resolve(line));
    });
    const early = this.ended.then(({ code, signal }) => {
      throw new Error(`${this.name} ended (${signal ?? code}) before it was ready:\n${this.stderr}`);
    });
    return within(startDeadline, `${this.name}\n${this.stderr}`, Promise.race([found, early]));
  }

  /** Ends it as a service manager would; its status and that nothing of it is left. */
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.ended;
    const below = await descendants(this.pid);
    this.child.kill(signal);
    const status = await within(stopDeadline, `end of ${this.name}`, this.ended).catch((error) => {
      this.child.kill('SIGKILL');
      throw new Error(`${error.message}\n${this.stderr}`);
    });
    await assertGone(below);
    return status;
  }
}

/**
 * Starts `switchyard serve` with this configuration on ports of the system's choosing and waits until it accepts connections.
 * `origin` is where; `stop()` ends it and checks that it ended well; `kill()` kills it.
 */
export async function startGateway(t, config, { args = [], env = {}, folder } = {}) {
  const home = folder ?? (await temporaryFolder(t));
  const file = path.join(home, 'switchyard.json');
  await writeFile(file, JSON.stringify(config, null, 2));
  const state = path.join(home, 'gateway-state');
  const environment = privateEnvironment(home, env);
  const common = ['--config', file, '--state', state];
  const program = new Program(binary, ['serve', ...common, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...args], {
    env: environment,
  });
  const gateway = { program, pid: program.pid, home, file, state, environment, common };
  gateway.stop = async () => {
    const status = await program.stop();
    if (gateway.killed) return;
    assert.deepEqual(status, { code: 0, signal: null }, program.stderr);
  };
  gateway.kill = async () => {
    gateway.killed = true;
    program.child.kill('SIGKILL');
    await program.ended;
  };
  onEnd(t, gateway.stop);
  const announcement = await program.line((line) => /https?:\/\/\S+/.test(line));
  gateway.origin = new URL(announcement.match(/https?:\/\/[^\s"']+/)[0]).origin;
  return gateway;
}

/** Starts server-everything on loopback in this mode; what it listens on, and how to end it. */
async function startEverything(t, mode, port) {
  const folder = await temporaryFolder(t);
  const portFile = path.join(folder, 'port');
  const preload = path.join(root, 'examples/quickstart/loopback.mjs');
  const program = new Program(process.execPath, ['--import', preload, everythingProgram, mode], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: privateEnvironment(folder, { PORT: String(port), LOOPBACK_PORT_FILE: portFile }),
  });
  const stop = (signal) => program.stop(signal);
  onEnd(t, stop);
  const listening = new Promise((resolve) => {
    program.child.stderr.on('data', () => /(listening|running) on port/.test(program.stderr) && resolve());
  });
  const early = program.ended.then(() => {
    throw new Error(`server-everything ended before it listened:\n${program.stderr}`);
  });
  await within(startDeadline, 'server-everything', Promise.race([listening, early]));
  return { port: Number((await readFile(portFile, 'utf8')).trim()), stop };
}

/** Starts server-everything over streamable HTTP; returns its URL. */
export async function startEverythingHttp(t) {
  const { port } = await startEverything(t, 'streamableHttp', 0);
  return `http://127.0.0.1:${port}/mcp`;
}

/** Starts server-everything over HTTP+SSE, the transport of 2024-11-05: { url, port, stop }. */
export async function startEverythingSse(t, port = 0) {
  const server = await startEverything(t, 'sse', port);
  return { ...server, url: `http://127.0.0.1:${server.port}/sse` };
}

/** Starts the fixture of the conformance tests over streamable HTTP; returns its URL. */
export async function startFixtureHttp(t, args = []) {
  const program = new Program(process.execPath, [fixtureProgram, 'http', ...args], {
    // It ends with its standard input.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: privateEnvironment(await temporaryFolder(t)),
  });
  onEnd(t, () => program.stop());
  return program.line((line) => line.startsWith('http://'));
}

/** The notifications of one kind that `client` gets; ask for it before what causes them. */
export function notifications(client, schema) {
  const seen = [];
  const waiting = [];
  client.setNotificationHandler(schema, ({ params }) => {
    seen.push(params ?? {});
    for (const wake of waiting.splice(0)) wake();
  });
  return {
    seen,
    /** The first one, come or to come, that `matches`. */
    async until(matches, what = 'a notification') {
      const found = async () => {
        for (;;) {
          const one = seen.find(matches);
          if (one) return one;
          await new Promise((resolve) => waiting.push(resolve));
        }
      };
      return within(eventDeadline, what, found());
    },
  };
}

async function connect(t, transport, { capabilities = {}, name = 'switchyard-test', prepare } = {}) {
  const client = new Client({ name, version: '1.0.0' }, { capabilities });
  prepare?.(client);
  onEnd(t, () => client.close());
  await client.connect(transport);
  return client;
}

/** The official SDK's client on a streamable HTTP endpoint; with this bearer token where there is one. */
export function connectHttp(t, url, { token, ...options } = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return connect(t, new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }), options);
}

/** The official SDK's client on a program's standard input and output. */
export async function connectStdio(t, command, args, { env, ...options } = {}) {
  const environment = env ?? privateEnvironment(await temporaryFolder(t));
  return connect(t, new StdioClientTransport({ command, args, env: environment, stderr: 'ignore' }), options);
}

/** A client behind mcp-remote, which speaks stdio to it and HTTP to the gateway; `args` are mcp-remote's. */
export async function connectRemote(t, url, { args = [], ...options } = {}) {
  return connectStdio(t, process.execPath, [remoteProgram, url, '--allow-http', '--transport', 'http-only', ...args], options);
}

/** Runs a program to its end: { code, stdout, stderr }. */
export async function run(t, command, args, { env, deadline = 60_000, input } = {}) {
  const environment = env ?? privateEnvironment(await temporaryFolder(t));
  const program = new Program(command, args, { env: environment, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  let stdout = '';
  program.child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  if (input !== undefined) program.child.stdin.end(input);
  onEnd(t, () => {
    if (program.child.exitCode === null && isAlive(program.pid)) program.child.kill('SIGKILL');
  });
  const { code } = await within(deadline, `${program.name} ${args.join(' ')}`, program.ended);
  return { code, stdout, stderr: program.stderr };
}

/** Runs the Inspector's command line; standard output has to be one JSON document. */
export async function inspector(t, args, options) {
  const result = await run(t, process.execPath, [inspectorProgram, '--cli', ...args], options);
  assert.equal(result.code, 0, result.stderr);
  return { ...result, json: JSON.parse(result.stdout) };
}

/** Runs a command of switchyard beside a running gateway. */
export function switchyard(t, gateway, args) {
  const [command, ...rest] = args;
  return run(t, binary, [command, ...gateway.common, ...rest], { env: gateway.environment });
}

export function names(list) {
  return list.tools.map((tool) => tool.name).sort();
}

/** Without the time of day, which server-everything writes into what it makes up. */
export function timeless(value) {
  return JSON.parse(JSON.stringify(value).replaceAll(/\d{1,2}:\d\d:\d\d([\u202f ][AP]M)?/g, 'TIME'));
}

export function text(result) {
  return result.content.filter((part) => part.type === 'text').map((part) => part.text).join('\n');
}

/** A question to the admin API of a gateway: { status, body }. */
export async function admin(gateway, method, target) {
  const { adminUrl, token } = JSON.parse(await readFile(path.join(gateway.state, 'gateway.json'), 'utf8'));
  const answer = await fetch(adminUrl + target, { method, headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, body: await answer.json() };
}

/** Asks `question` again and again until its answer satisfies `condition`; that answer. */
export async function until(what, question, condition) {
  const deadline = Date.now() + eventDeadline;
  for (;;) {
    const answer = await question();
    if (condition(answer)) return answer;
    if (Date.now() > deadline) assert.fail(`${what}: nothing within ${eventDeadline} ms; now ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The server of that name as the admin API shows it. */
export async function server(gateway, name) {
  const { body } = await admin(gateway, 'GET', '/api/v1/servers');
  return body.servers.find((one) => one.name === name);
}

/** An entry of mcpServers: stdio_fault in this mode. */
export const faulty = (mode, ...args) => ({ command: path.join(path.dirname(binary), 'stdio_fault'), args: [mode, ...args] });
