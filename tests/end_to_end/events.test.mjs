// What happens in a gateway, told as it happens: the admin API's stream, and the commands that use it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import readline from 'node:readline';
import { test } from 'node:test';
import { spawn } from 'node:child_process';

import {
  admin,
  binary,
  connectHttp,
  everything,
  faulty,
  names,
  run,
  server,
  startGateway,
  switchyard,
  until,
} from './support.mjs';

const timeout = 120_000;

/** The events of a gateway, as a client of its admin API reads them. */
async function* follow(gateway, { query = '', last, signal } = {}) {
  const { adminUrl, token } = JSON.parse(await readFile(path.join(gateway.state, 'gateway.json'), 'utf8'));
  const headers = { authorization: `Bearer ${token}` };
  if (last) headers['last-event-id'] = last;
  const answer = await fetch(`${adminUrl}/api/v1/events${query}`, { headers, signal });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  let text = '';
  for await (const bytes of answer.body.pipeThrough(new TextDecoderStream())) {
    text += bytes;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = {};
      for (const line of text.slice(0, end).split('\n')) {
        const [name, ...value] = line.split(': ');
        event[name] = value.join(': ');
      }
      text = text.slice(end + 2);
      if (event.data) yield { ...event, data: JSON.parse(event.data) };
    }
  }
}

/** The next event that satisfies `condition`, and those before it. */
async function next(events, condition) {
  const before = [];
  for (;;) {
    const { value, done } = await events.next();
    assert.ok(!done, `the stream ended behind ${JSON.stringify(before)}`);
    if (condition(value)) return { event: value, before };
    before.push(value);
  }
}

/** What a server said of itself in turn: "starting process", "ready". */
const ways = (events, name) =>
  events
    .filter(({ event, data }) => event === 'server' && data.server.name === name)
    .map(({ data: { server: now } }) => (now.phase ? `${now.state} ${now.phase}` : now.state));

const becomes = (name, state) => (one) => one.event === 'server' && one.data.server.name === name && one.data.server.state === state;

const edit = async (gateway, change) => {
  const config = JSON.parse(await readFile(gateway.file, 'utf8'));
  change(config);
  await writeFile(gateway.file, JSON.stringify(config, null, 2));
};

test('a start step by step, with the reasons of what fails', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: {} });
  const events = follow(gateway);
  const { value: snapshot } = await events.next();
  assert.equal(snapshot.event, 'snapshot');
  assert.deepEqual(snapshot.data.servers, []);
  await edit(gateway, (config) => {
    config.mcpServers = { everything, gone: { command: 'no-such-program' }, silent: { ...faulty('never-initialize'), startupTimeout: 1 } };
  });
  const seen = [];
  const reach = async (condition) => {
    const { event, before } = await next(events, condition);
    seen.push(...before, event);
    return event;
  };
  const left = new Set(['everything', 'gone', 'silent']);
  await reach(({ event, data }) => {
    if (event === 'server' && data.server.state !== 'starting') left.delete(data.server.name);
    return left.size === 0;
  });
  assert.deepEqual(ways(seen, 'everything'), ['starting process', 'starting initialize', 'starting tools/list', 'ready']);
  assert.deepEqual(ways(seen, 'silent'), ['starting process', 'starting initialize', 'backing_off']);
  assert.deepEqual(ways(seen, 'gone'), ['starting process', 'failed']);
  const cause = (name) => seen.findLast(({ event, data }) => event === 'server' && data.server.name === name).data.server.cause;
  assert.equal(cause('gone').reason, 'spawn_failed');
  assert.match(cause('gone').remedy, /Install it/);
  assert.equal(cause('silent').reason, 'timeout');
  const reload = seen.find(({ event }) => event === 'reload').data;
  assert.equal(reload.trigger, 'file');
  assert.deepEqual(reload.plan.servers.map(({ action }) => action), ['start', 'start', 'start']);
  const tools = seen.find(({ event }) => event === 'tools').data;
  assert.equal(tools.server, 'everything');
  assert.ok(tools.gained.includes('everything__echo'));
  for (const { data } of seen.filter(({ event }) => event === 'server' || event === 'tools')) assert.ok(!Number.isNaN(Date.parse(data.at)));
  await gateway.stop();
  const { event } = await next(events, ({ data }) => data.stopping === true);
  assert.equal(event.event, 'gateway');
});

test('a file that is broken, an environment that goes, a server that dies', { timeout }, async (t) => {
  const gateway = await startGateway(t, {
    environments: { box: { available: true } },
    mcpServers: { a: faulty('ok'), b: { ...faulty('ok'), environment: 'box' } },
  });
  await until('both ready', () => admin(gateway, 'GET', '/api/v1/servers'), ({ body }) => body.gateway.settled);
  const events = follow(gateway);
  await events.next();

  const whole = await readFile(gateway.file, 'utf8');
  await writeFile(gateway.file, '{ "mcpServers": ');
  const broken = (await next(events, ({ event }) => event === 'reload')).event.data;
  assert.equal(broken.error.reason, 'config_invalid');
  assert.match(broken.error.message, /switchyard\.json:1:/);
  await writeFile(gateway.file, whole);
  assert.ok((await next(events, ({ event }) => event === 'reload')).event.data.plan.changesNothing);

  await admin(gateway, 'PUT', '/api/v1/environments/box?available=false');
  const gone = (await next(events, becomes('b', 'environment_absent'))).event.data.server;
  assert.equal(gone.cause.reason, 'environment_unavailable');
  const left = (await next(events, ({ event }) => event === 'tools')).event.data;
  assert.deepEqual([left.server, left.lost], ['b', ['b__echo']]);
  const away = (await next(events, ({ event }) => event === 'environments')).event.data.environments;
  assert.deepEqual(away.map(({ name, available }) => ({ name, available })), [{ name: 'box', available: false }]);

  process.kill((await server(gateway, 'a')).pid, 'SIGKILL');
  const lost = (await next(events, becomes('a', 'backing_off'))).event.data.server.cause;
  assert.equal(lost.reason, 'exited');
  assert.match(lost.message, /signal 9/);
  await next(events, becomes('a', 'ready'));
});

test('who comes back misses nothing; who asks for one server hears of it alone', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { a: faulty('ok'), b: faulty('ok') } });
  await until('both ready', () => admin(gateway, 'GET', '/api/v1/servers'), ({ body }) => body.gateway.settled);
  const leave = new AbortController();
  const first = follow(gateway, { signal: leave.signal });
  const { value: snapshot } = await first.next();
  leave.abort();
  process.kill((await server(gateway, 'b')).pid, 'SIGKILL');
  process.kill((await server(gateway, 'a')).pid, 'SIGKILL');
  await until('both back', () => admin(gateway, 'GET', '/api/v1/servers'), ({ body }) =>
    body.servers.every(({ state, restarts }) => state === 'ready' && restarts === 1),
  );
  const again = follow(gateway, { last: snapshot.id });
  const { before, event } = await next(again, becomes('a', 'ready'));
  assert.ok(before.every((one) => one.event !== 'snapshot'));
  assert.deepEqual(ways([...before, event], 'a'), [
    'starting',
    'backing_off',
    'starting process',
    'starting initialize',
    'starting tools/list',
    'ready',
  ]);
  const ofB = follow(gateway, { query: '?server=b', last: snapshot.id });
  const { before: others } = await next(ofB, becomes('b', 'ready'));
  assert.deepEqual(ways(others, 'a'), []);
});

test('what a change of the file does to servers and tools is told of each', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { a: faulty('ok'), b: faulty('ok'), c: faulty('ok') } });
  await until('all ready', () => admin(gateway, 'GET', '/api/v1/servers'), ({ body }) => body.gateway.settled);
  const events = follow(gateway);
  await events.next();
  await edit(gateway, ({ mcpServers }) => {
    mcpServers.a.tools = { deny: ['*'] };
    delete mcpServers.b;
    mcpServers.c.enabled = false;
  });
  const { before } = await next(events, ({ event }) => event === 'reload');
  assert.deepEqual(ways(before, 'b'), ['removed']);
  assert.deepEqual(ways(before, 'c'), ['disabled']);
  assert.deepEqual(ways(before, 'a'), []);
  const lost = before.filter(({ event }) => event === 'tools').map(({ data }) => data.lost);
  assert.deepEqual(lost.sort(), [['a__echo'], ['b__echo'], ['c__echo']]);
});

test('switchyard events: lines for people, objects for programs', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { a: faulty('ok') } });
  await until('ready', () => admin(gateway, 'GET', '/api/v1/servers'), ({ body }) => body.gateway.settled);
  const people = run(t, binary, [...gateway.common, 'events'], { env: gateway.environment });
  const programs = spawn(binary, [...gateway.common, '--json', 'events', 'a'], { env: gateway.environment });
  const lines = readline.createInterface({ input: programs.stdout })[Symbol.asyncIterator]();
  const object = async () => JSON.parse((await lines.next()).value);
  assert.equal((await object()).type, 'snapshot');
  // Both follow by now, or will begin with what has become of it.
  process.kill((await server(gateway, 'a')).pid, 'SIGKILL');
  for (let one = await object(); one.type !== 'server' || one.data.server.state !== 'ready'; one = await object());
  const ended = once(programs, 'exit');
  await gateway.stop();
  assert.deepEqual(await ended, [0, null]);
  const { code, stdout, stderr } = await people;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^\d\d:\d\d:\d\d {2}a {2}(ready: 1 tool|starting|backing_off)/m);
  assert.match(stdout, /^\d\d:\d\d:\d\d {2}gateway {2}stopping$/m);
  assert.match(stderr, /the gateway is stopping/);

  const none = await switchyard(t, gateway, ['events']);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no gateway runs on .*gateway-state\. Start one with "switchyard serve"/);
});

test('switchyard events of a server that is not there', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { files: faulty('ok') } });
  const { code, stderr } = await switchyard(t, gateway, ['events', 'file']);
  assert.equal(code, 1);
  assert.match(stderr, /there is no server "file"; did you mean "files"\?/);
});

test('a reload tells what became of what it started', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { a: faulty('ok') } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  await edit(gateway, (config) => {
    config.mcpServers.b = faulty('ok');
    config.mcpServers.gone = { command: 'no-such-program' };
  });
  const { code, stdout } = await switchyard(t, gateway, ['reload']);
  assert.equal(code, 0);
  assert.match(stdout, /^gone: failed: /m);
  // The file's watcher may have been faster than the command.
  await until('b is there', () => client.listTools(), (list) => names(list).includes('b__echo'));
  // What failed is tried again with each.
  const again = await switchyard(t, gateway, ['reload', '--json']);
  const { outcomes, servers } = JSON.parse(again.stdout);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(
    servers.map(({ name, action }) => [name, action]),
    [
      ['a', 'keep'],
      ['b', 'keep'],
      ['gone', 'restart'],
    ],
  );
  assert.deepEqual(outcomes.map(({ name, state }) => [name, state]), [['gone', 'failed']]);
  assert.equal(outcomes[0].cause.reason, 'spawn_failed');
});
