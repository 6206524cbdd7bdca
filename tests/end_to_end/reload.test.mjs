// The configuration changes while the gateway runs: what whoever edits it sees, and what clients do.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import {
  admin,
  binary,
  connectHttp,
  everything,
  faulty,
  names,
  notifications,
  run,
  server,
  startGateway,
  switchyard,
  temporaryFolder,
  text,
  types,
  until,
} from './support.mjs';

const timeout = 120_000;
const listen = '127.0.0.1:0';
const a = faulty('name', 'a');
const b = faulty('name', 'b');

const file = (mcpServers, more = {}) => JSON.stringify({ listen, mcpServers, ...more }, null, 2);

const reloads = async (gateway) => (await admin(gateway, 'GET', '/api/v1/servers')).body.gateway.reload;

/** How editors save. */
const saves = {
  'in place': (to, content) => writeFile(to, content),
  'by a rename': async (to, content) => {
    await writeFile(`${to}.swp`, content);
    await rename(`${to}.swp`, to);
  },
  'with a copy of the old one': async (to, content) => {
    await rename(to, `${to}~`);
    await writeFile(to, content);
  },
  'in two steps': async (to, content) => {
    await writeFile(to, content.slice(0, content.length / 2));
    await writeFile(to, content);
  },
};

test('every way to save the file is noticed, and told to clients', { timeout }, async (t) => {
  const gateway = await startGateway(t, JSON.parse(file({ a })));
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const changes = notifications(client, types.ToolListChangedNotificationSchema);
  assert.deepEqual(names(await client.listTools()), ['a__echo']);
  const { pid } = await server(gateway, 'a');
  let there = false;
  for (const [way, save] of Object.entries(saves)) {
    there = !there;
    const told = changes.seen.length;
    await save(gateway.file, file(there ? { a, b } : { a }));
    await until(`saved ${way}`, async () => changes.seen.length, (count) => count > told);
    const wanted = there ? ['a__echo', 'b__echo'] : ['a__echo'];
    await until(`tools, saved ${way}`, async () => names(await client.listTools()), (found) => `${found}` === `${wanted}`);
  }
  assert.equal((await server(gateway, 'a')).pid, pid, 'it was never touched');
});

test('a file that is a link into a folder that is exchanged', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  for (const [day, servers] of [['monday', { a }], ['tuesday', { a, b }]]) {
    await mkdir(path.join(folder, day));
    await writeFile(path.join(folder, day, 'switchyard.json'), file(servers));
  }
  await symlink('monday', path.join(folder, '..data'));
  await symlink('..data/switchyard.json', path.join(folder, 'switchyard.json'));
  const gateway = await startGateway(t, JSON.parse(file({ a })), { folder });
  const { pid } = await until('a', () => server(gateway, 'a'), (one) => one?.state === 'ready');
  await symlink('tuesday', path.join(folder, '..data_tmp'));
  await rename(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  await until('b', () => server(gateway, 'b'), (one) => one?.state === 'ready');
  assert.equal((await server(gateway, 'a')).pid, pid);
});

test('what a variable is worth does not change by reading the file again', { timeout }, async (t) => {
  const own = { ...a, env: { WHERE: '${SWITCHYARD_STATE:-nowhere}' } };
  const gateway = await startGateway(t, JSON.parse(file({ own })));
  const { pid } = await until('own', () => server(gateway, 'own'), (one) => one?.state === 'ready');
  const { body } = await admin(gateway, 'POST', '/api/v1/reload');
  assert.equal(body.changesNothing, true, JSON.stringify(body));
  assert.equal((await server(gateway, 'own')).pid, pid);
  assert.equal((await admin(gateway, 'GET', '/api/v1/servers')).body.gateway.spawned, 1);
});

test('plan says what reload then does', { timeout }, async (t) => {
  const gateway = await startGateway(t, JSON.parse(file({ a, b }, { profiles: { coding: { servers: ['a'] } } })));
  await until('b', () => server(gateway, 'b'), (one) => one.state === 'ready');
  await until('a', () => server(gateway, 'a'), (one) => one.state === 'ready');
  const other = path.join(gateway.home, 'next.json');
  const changed = { ...a, tools: { deny: ['echo'] } };
  await writeFile(other, file({ a: changed, b: { ...b, env: { KEY: 'tell-nobody' } }, c: a }, { startupWait: 3 }));
  // The last --config counts.
  const planned = await run(t, binary, ['plan', '--state', gateway.state, '--config', other], { env: gateway.environment });
  assert.equal(planned.code, 0, planned.stderr);
  assert.match(planned.stdout, /^a: keep \(only tools\.deny changed; 1 tool leaves \/mcp\)$/m);
  assert.match(planned.stdout, /^b: restart \(env KEY added\)$/m);
  assert.match(planned.stdout, /^c: start \(new in the configuration\)$/m);
  assert.match(planned.stdout, /^profile coding removed$/m);
  assert.match(planned.stdout, /^startupWait$/m);
  assert.doesNotMatch(planned.stdout, /tell-nobody/);
  assert.equal((await reloads(gateway)).done, 0);
  assert.match((await switchyard(t, gateway, ['plan'])).stdout, /Nothing changes\./);

  const before = [await server(gateway, 'a'), await server(gateway, 'b')];
  await rename(other, gateway.file);
  const done = await switchyard(t, gateway, ['reload']);
  assert.equal(done.code, 0, done.stderr);
  // The watch may have been quicker.
  assert.match(done.stdout, /^(Done: 1 start, 1 restart, 1 server kept\.|Nothing changes\.)$/m);
  await until('c', () => server(gateway, 'c'), (one) => one?.state === 'ready');
  const b2 = await until('b', () => server(gateway, 'b'), (one) => one.state === 'ready');
  assert.equal((await server(gateway, 'a')).pid, before[0].pid);
  assert.notEqual(b2.pid, before[1].pid);
});

test('a broken file changes nothing and says so everywhere', { timeout }, async (t) => {
  const gateway = await startGateway(t, JSON.parse(file({ a })));
  const { pid } = await until('a', () => server(gateway, 'a'), (one) => one.state === 'ready');
  await writeFile(gateway.file, `${file({ a, b })}}`);
  const { error } = await until('the watch', () => reloads(gateway), ({ failed }) => failed > 0);
  assert.equal(error.reason, 'config_invalid');
  assert.match(error.message, /switchyard\.json:\d+:\d+/);
  const status = await switchyard(t, gateway, ['status']);
  assert.match(status.stdout, /It cannot be used as it is now, and nothing has changed: .*switchyard\.json:\d+:\d+/);
  for (const command of ['plan', 'reload']) {
    const failed = await switchyard(t, gateway, [command]);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /switchyard\.json:\d+:\d+/);
  }
  assert.equal((await admin(gateway, 'POST', '/api/v1/reload')).status, 422);
  assert.match(gateway.program.stderr, /cannot be used, and nothing changes: .*switchyard\.json:\d+:\d+/);
  assert.equal((await server(gateway, 'a')).pid, pid);
  assert.equal(await server(gateway, 'b'), undefined);
  await writeFile(gateway.file, file({ a, b }));
  await until('b', () => server(gateway, 'b'), (one) => one?.state === 'ready');
  assert.equal((await reloads(gateway)).error, undefined);
  assert.equal((await server(gateway, 'a')).pid, pid);
});

test('a call ends on the process that it began with', { timeout }, async (t) => {
  const gateway = await startGateway(t, JSON.parse(file({ everything })));
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const { pid } = await until('everything', () => server(gateway, 'everything'), (one) => one.state === 'ready');
  const steps = [];
  let begun;
  const first = new Promise((resolve) => {
    begun = resolve;
  });
  const call = client.callTool(
    { name: 'everything__trigger-long-running-operation', arguments: { duration: 3, steps: 6 } },
    undefined,
    {
      onprogress: ({ progress }) => {
        steps.push(progress);
        begun();
      },
    },
  );
  await first;
  await writeFile(gateway.file, file({ everything: { ...everything, env: { OTHER: '1' } } }));
  const now = await until('another process', () => server(gateway, 'everything'), (one) => one.state === 'ready' && one.pid !== pid);
  assert.ok(now.pid);
  const quick = await client.callTool({ name: 'everything__echo', arguments: { message: 'new' } });
  assert.equal(text(quick), 'Echo: new');
  assert.match(text(await call), /completed/);
  assert.deepEqual(steps, [1, 2, 3, 4, 5, 6]);
  await until('the old one', async () => (await admin(gateway, 'GET', '/api/v1/servers')).body.gateway.retiring, (count) => count === 0);
});

test('sessions, streams and subscriptions of what is kept live on', { timeout }, async (t) => {
  const gateway = await startGateway(t, JSON.parse(file({ everything, b }, { profiles: { coding: { servers: ['everything'] } } })));
  const client = await connectHttp(t, `${gateway.origin}/mcp/coding`);
  const updates = notifications(client, types.ResourceUpdatedNotificationSchema);
  const changes = notifications(client, types.ToolListChangedNotificationSchema);
  await client.listTools();
  const { uri } = (await client.listResources()).resources[0];
  await client.subscribeResource({ uri });
  const { pid } = await server(gateway, 'everything');
  await writeFile(gateway.file, file({ everything, b: faulty('name', 'b2') }, { profiles: { coding: { servers: ['everything'] } } }));
  await until('the reload', () => reloads(gateway), ({ done }) => done > 0);
  await client.callTool({ name: 'everything__toggle-subscriber-updates', arguments: {} });
  await updates.until((update) => update.uri === uri);
  assert.deepEqual(changes.seen, [], 'nothing it sees has changed');
  assert.equal((await server(gateway, 'everything')).pid, pid);
  await client.callTool({ name: 'everything__toggle-subscriber-updates', arguments: {} });
});

test('an environment takes its servers with it and brings them back', { timeout }, async (t) => {
  const bound = { ...b, environment: 'devbox' };
  const gateway = await startGateway(t, JSON.parse(file({ a, bound }, { environments: { devbox: {}, skills: {} } })));
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.deepEqual(names(await client.listTools()), ['a__echo']);
  const away = await client.callTool({ name: 'bound__echo', arguments: { text: '1' } });
  assert.ok(away.isError);
  assert.match(text(away), /environment "devbox", which is not there/);
  assert.equal(away._meta['switchyard/error'].reason, 'environment_unavailable');
  const spawned = async () => (await admin(gateway, 'GET', '/api/v1/servers')).body.gateway.spawned;
  const say = (name, there) => admin(gateway, 'PUT', `/api/v1/environments/${name}?available=${there}`);
  const pids = new Set();
  for (let round = 1; round <= 2; ++round) {
    const came = await say('devbox', true);
    assert.equal(came.status, 200);
    assert.equal(came.body.servers.find(({ name }) => name === 'bound').action, 'start');
    const back = await client.callTool({ name: 'bound__echo', arguments: { text: `${round}` } });
    assert.equal(text(back), `b ${round}`);
    pids.add((await server(gateway, 'bound')).pid);
    assert.equal((await say('devbox', false)).body.servers.find(({ name }) => name === 'bound').action, 'stop');
    assert.deepEqual(names(await client.listTools()), ['a__echo']);
  }
  assert.equal(pids.size, 2, 'a new process each time');
  const before = await spawned();
  for (let round = 0; round < 5; ++round) {
    assert.equal((await say('skills', round % 2 === 0)).body.changesNothing, true);
  }
  assert.equal(await spawned(), before);
});

test('a required server may be bound to an environment that has to be looked at first', { timeout }, async (t) => {
  const bound = { ...b, environment: 'mount', required: true };
  const folder = await temporaryFolder(t);
  const gateway = await startGateway(t, JSON.parse(file({ bound }, { environments: { mount: { path: folder, interval: 0.1 } } })));
  await until('bound', () => server(gateway, 'bound'), (one) => one.state === 'ready');
  assert.equal((await fetch(`${gateway.origin}/readyz`)).status, 200);
  await rm(folder, { recursive: true });
  await until('away', () => server(gateway, 'bound'), (one) => one.state === 'environment_absent');
  assert.equal((await fetch(`${gateway.origin}/readyz`)).status, 503);
  await mkdir(folder);
  await until('back', () => server(gateway, 'bound'), (one) => one.state === 'ready');
});

test('SIGHUP reloads where there is no terminal', { timeout }, async (t) => {
  const gateway = await startGateway(t, JSON.parse(file({ a })));
  process.kill(gateway.pid, 'SIGHUP');
  await until('the reload', () => reloads(gateway), ({ done }) => done === 1);
  assert.ok(await server(gateway, 'a'));
});

test('SIGHUP reloads while the terminal is there, and ends the gateway when it closes', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const config = path.join(folder, 'switchyard.json');
  const state = path.join(folder, 'state');
  await writeFile(config, file({ a }, { admin: listen }));
  // `script` gives it a terminal of its own.
  const command = `exec '${binary}' serve --config '${config}' --state '${state}'`;
  const terminal = spawn('script', ['-qfc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, HOME: folder } });
  const ended = once(terminal, 'close');
  t.after(() => terminal.kill('SIGKILL'));
  terminal.stdout.resume();
  const known = await until(
    'gateway.json',
    () => readFile(path.join(state, 'gateway.json'), 'utf8').then(JSON.parse, () => undefined),
    (found) => found?.adminUrl,
  );
  t.after(() => {
    try {
      process.kill(known.pid, 'SIGKILL');
    } catch {
      // It has ended, as it should have.
    }
  });
  const gateway = { state };
  process.kill(known.pid, 'SIGHUP');
  await until('the reload', () => reloads(gateway), ({ done }) => done === 1);
  terminal.kill('SIGKILL');
  await ended;
  const alive = async () => {
    try {
      process.kill(known.pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  await until('its end', alive, (still) => !still);
  await assert.rejects(readFile(path.join(state, 'gateway.json')), 'it took leave');
});
