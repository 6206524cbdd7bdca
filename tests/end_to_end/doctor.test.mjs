// `switchyard doctor` on set-ups that are sound and on such as people have when they come with a problem.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import {
  binary,
  descendants,
  everything,
  filesystem,
  privateEnvironment,
  run,
  server,
  startEverythingHttp,
  startEverythingSse,
  startFixtureHttp,
  startGateway,
  switchyard,
  temporaryFolder,
  until,
} from './support.mjs';

const timeout = 120_000;

// Ports that no other test takes.
const anywhere = { listen: '127.0.0.1:0', admin: '127.0.0.1:0' };

/** Runs doctor where no gateway runs, on a configuration (an object, or the text of a file). */
async function doctor(t, config, args = [], extra = {}) {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'switchyard.json');
  await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config, null, 2), { mode: 0o600 });
  const ran = await run(t, binary, ['doctor', '--config', file, ...args], { env: privateEnvironment(folder, extra) });
  return { ...ran, folder, file };
}

/** The same as an object; `of(subject)` are the checks of one subject. */
async function examine(t, config, args = [], extra = {}) {
  const ran = await doctor(t, config, ['--json', ...args], extra);
  const report = JSON.parse(ran.stdout);
  return { ...ran, ...report, of: (subject) => report.checks.filter((check) => check.subject === subject) };
}

async function listening(t, listener) {
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => {
    listener.closeAllConnections?.();
    listener.close();
  });
  return listener.address().port;
}

/** Waits until these servers of a gateway are in these states. */
function untilStates(gateway, wanted) {
  const names = Object.keys(wanted);
  const states = () => Promise.all(names.map(async (name) => (await server(gateway, name)).state));
  return until(names.join(), states, (now) => names.every((name, i) => now[i] === wanted[name]));
}

test('a sound set-up, beside the gateway and without it', { timeout }, async (t) => {
  const files = await temporaryFolder(t);
  const remote = await startEverythingHttp(t);
  const older = await startEverythingSse(t);
  const stateless = await startFixtureHttp(t);
  const servers = {
    everything,
    files: filesystem(files),
    remote: { url: remote },
    older: { url: older.url, type: 'sse' },
    stateless: { url: stateless },
  };
  const alone = await examine(t, { ...anywhere, mcpServers: servers });
  assert.equal(alone.code, 0, alone.stdout);
  assert.equal(alone.errors, 0, alone.stdout);
  for (const name of Object.keys(servers)) {
    assert.deepEqual(alone.of(name).map(({ level }) => level), ['ok'], JSON.stringify(alone.of(name)));
  }
  assert.equal(alone.of('gateway')[0].message, 'none runs');
  assert.deepEqual(await readdir(alone.folder), ['switchyard.json'], 'it makes nothing');

  const gateway = await startGateway(t, { ...anywhere, mcpServers: servers });
  await chmod(gateway.file, 0o600);
  await untilStates(gateway, Object.fromEntries(Object.keys(servers).map((name) => [name, 'ready'])));
  const before = (await descendants(gateway.pid)).length;
  const beside = await switchyard(t, gateway, ['doctor']);
  assert.equal(beside.code, 0, beside.stdout);
  assert.match(beside.stdout, new RegExp(`^  ok +gateway: runs, pid ${gateway.pid}, since .* at ${gateway.origin}/mcp$`, 'm'));
  assert.match(beside.stdout, /^  ok +environment: variables and PATH are taken as the gateway/m);
  assert.match(beside.stdout, /^Nothing is wrong/m);
  assert.equal((await descendants(gateway.pid)).length, before, 'no server was started');
});

test('a gateway with a server that failed, and another file', { timeout }, async (t) => {
  const gateway = await startGateway(t, {
    ...anywhere,
    mcpServers: { everything, gone: { command: '/no/such/program' } },
  });
  await untilStates(gateway, { everything: 'ready', gone: 'failed' });
  const ran = await switchyard(t, gateway, ['doctor', '--json']);
  const { checks, errors } = JSON.parse(ran.stdout);
  assert.equal(ran.code, 1);
  const ofGateway = (name) => checks.filter(({ group, subject }) => group === 'gateway' && subject === name);
  assert.equal(errors, 1, 'one server failed, which is one error');
  assert.match(ofGateway('gone')[0].message, /^failed: .*\/no\/such\/program/);
  assert.equal(ofGateway('gone')[0].level, 'note');
  assert.match(ofGateway('gone')[0].remedy, /^See "Servers" below\. Then run "switchyard reload"\.$/);
  assert.equal(ofGateway('everything').length, 0);
  const sound = await switchyard(t, gateway, ['doctor', 'everything']);
  assert.equal(sound.code, 0, sound.stdout);
  assert.ok(!sound.stdout.includes('gone'), sound.stdout);

  const other = path.join(gateway.home, 'other.json');
  await writeFile(other, '{}');
  const elsewhere = await run(t, binary, ['doctor', '--config', other, '--state', gateway.state], { env: gateway.environment });
  assert.match(elsewhere.stdout, /warning  configuration: the gateway that runs has .*switchyard\.json, not .*other\.json/);

  await writeFile(gateway.file, '{ "mcpServers": { "a" 1 } }');
  await switchyard(t, gateway, ['reload']);
  const broken = await switchyard(t, gateway, ['doctor']);
  assert.match(broken.stdout, /error +configuration: the last change was not taken up, the one before it is in force: .*:1:/);
});

test('variables are those of the gateway that runs, not of the shell', { timeout }, async (t) => {
  const config = { ...anywhere, mcpServers: { a: { ...everything, env: { KEY: '${ONLY_THERE}' } } } };
  const gateway = await startGateway(t, config, { env: { ONLY_THERE: 'x' } });
  const shell = { ...gateway.environment };
  delete shell.ONLY_THERE;
  const beside = await run(t, binary, ['doctor', ...gateway.common], { env: shell });
  assert.equal(beside.code, 0, beside.stdout);
  const alone = await examine(t, config);
  assert.match(alone.of('a')[0].message, /the variable ONLY_THERE is not set$/);
});

test('a command that is not there, and one that a login shell would find', { timeout }, async (t) => {
  const report = await examine(t, { ...anywhere, mcpServers: { gone: { command: 'no-such-program' }, ok: everything } });
  assert.equal(report.code, 1);
  assert.equal(report.errors, 1);
  assert.match(report.of('gone')[0].message, /^command 'no-such-program' not found in /);
  assert.ok(report.of('gone')[0].remedy);
});

test('a file that does not parse: every mistake with its place', { timeout }, async (t) => {
  const text = '{\n  "mcpServers": {\n    "a": { "command" "x" },\n    "b": { command: "y" }\n  }\n}\n';
  const report = await examine(t, text);
  assert.equal(report.code, 1);
  const messages = report.of('file').filter(({ level }) => level === 'error').map(({ message }) => message);
  assert.ok(messages.some((message) => message.startsWith(`${report.file}:3:`)), JSON.stringify(messages));
  assert.ok(messages.some((message) => message.startsWith(`${report.file}:4:`)), JSON.stringify(messages));
  assert.equal(report.checks.some(({ group }) => group === 'servers'), false);
  for (const check of report.checks) if (check.level === 'error') assert.ok(check.remedy, JSON.stringify(check));
});

test('a variable that is not set', { timeout }, async (t) => {
  const server = { url: 'http://127.0.0.1:1/', headers: { A: '${NO_SUCH_VARIABLE}' } };
  const report = await examine(t, { ...anywhere, mcpServers: { a: server } });
  assert.equal(report.code, 1);
  const [check, later] = report.of('a');
  assert.match(check.message, /:\d+:\d+: mcpServers\.a\.headers\.A: the variable NO_SUCH_VARIABLE is not set$/);
  assert.match(check.remedy, /^Set it where switchyard runs, or write \$\{NO_SUCH_VARIABLE:-default\}/);
  assert.equal(later.level, 'note');
});

test('a port that another program has', { timeout }, async (t) => {
  const port = await listening(t, net.createServer());
  const report = await examine(t, { mcpServers: { everything }, listen: `127.0.0.1:${port}`, admin: '127.0.0.1:0' });
  assert.equal(report.code, 1);
  const [check] = report.of('listen');
  assert.equal(check.level, 'error');
  assert.match(check.message, new RegExp(`^127\\.0\\.0\\.1:${port} is taken by .+ \\(pid ${process.pid}\\)$`));
  assert.equal(report.of('admin')[0].level, 'ok');
});

test('a certificate that nobody vouches for', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
  ]);
  const identity = { key: await readFile(key), cert: await readFile(cert) };
  const secure = https.createServer(identity, (_, response) => response.writeHead(405).end());
  const url = `https://127.0.0.1:${await listening(t, secure)}/mcp`;
  const report = await examine(t, { ...anywhere, mcpServers: { unknown: { url }, known: { url, caFile: cert } } });
  assert.equal(report.code, 1);
  assert.match(report.of('unknown')[0].message, /certificate of 127\.0\.0\.1 was not accepted: self-signed certificate/);
  assert.match(report.of('unknown')[0].remedy, /caFile/);
  assert.equal(report.of('known')[0].level, 'ok', JSON.stringify(report.of('known')));
});

test('servers that want a login, or do not take the token; no secret is shown', { timeout }, async (t) => {
  const asked = [];
  const closed = http.createServer((request, response) => {
    asked.push(request.method);
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
  });
  const url = `http://127.0.0.1:${await listening(t, closed)}/mcp`;
  const secret = 'sk-0123456789abcdefghij';
  const config = {
    ...anywhere,
    mcpServers: {
      login: { url },
      token: { url: `${url}?api_key=${secret}`, headers: { Authorization: `Bearer ${secret}` } },
      program: { command: 'no-such-program', args: ['--token', secret, `"${secret}"`], env: { TOKEN: secret } },
    },
  };
  const report = await examine(t, config);
  assert.equal(report.code, 1);
  assert.match(report.of('login')[0].message, /^the server wants a login \(HTTP 401\)$/);
  assert.ok(report.of('token').some(({ message }) => message === 'the token in its "headers" is not accepted (HTTP 401)'));
  assert.deepEqual(new Set(asked), new Set(['GET']), 'a GET was enough');
  const shown = await doctor(t, config);
  for (const text of [report.stdout, report.stderr, shown.stdout, shown.stderr]) {
    assert.ok(!text.includes(secret.slice(0, 12)), text);
  }
});

test('a path that is wrong, and the one that was meant', { timeout }, async (t) => {
  const right = await startEverythingHttp(t);
  const report = await examine(t, { ...anywhere, mcpServers: { a: { url: right.replace('/mcp', '/mpc') } } });
  assert.match(report.of('a')[0].message, /no MCP endpoint at that path \(HTTP 404\)/);
  assert.equal(report.of('a')[0].remedy, `There is something at ${right}: try that as "url".`);
});

test('--offline asks nobody', { timeout }, async (t) => {
  let connections = 0;
  const port = await listening(t, net.createServer((socket) => {
    ++connections;
    socket.destroy();
  }));
  const config = { ...anywhere, mcpServers: { a: { url: `http://127.0.0.1:${port}/mcp` } } };
  const offline = await examine(t, config, ['--offline']);
  assert.equal(offline.code, 0, offline.stdout);
  assert.deepEqual(offline.of('a'), [{ group: 'servers', subject: 'a', level: 'note', message: 'not asked, with --offline' }]);
  assert.equal(connections, 0);
  assert.equal((await examine(t, config)).code, 1);
  assert.ok(connections > 0);
});

test('the form of the JSON', { timeout }, async (t) => {
  const { checks, errors, warnings, notes } = await examine(t, { ...anywhere, mcpServers: { a: { command: 'no-such-program' } } });
  const groups = ['installation', 'state', 'configuration', 'gateway', 'servers'];
  for (const check of checks) {
    assert.ok(groups.includes(check.group), check.group);
    assert.ok(['ok', 'note', 'warning', 'error'].includes(check.level), check.level);
    assert.deepEqual(Object.keys(check), ['group', 'subject', 'level', 'message', ...(check.remedy ? ['remedy'] : [])]);
    assert.ok(check.message.length > 0 && !check.message.includes('\n'));
  }
  const order = checks.map(({ group }) => groups.indexOf(group));
  assert.deepEqual(order, order.toSorted((a, b) => a - b));
  assert.equal(errors, checks.filter(({ level }) => level === 'error').length);
  assert.equal(warnings, checks.filter(({ level }) => level === 'warning').length);
  assert.equal(notes, checks.filter(({ level }) => level === 'note').length);
});

test('names given: what concerns other servers alone is left out', { timeout }, async (t) => {
  const config = {
    ...anywhere,
    mcpServers: {
      everything,
      broken: { command: 5 },
      unset: { command: 'x', env: { A: '${NO_SUCH_VARIABLE}' } },
      away: { ...everything, environment: 'nowhere' },
      off: { ...everything, enabled: false },
    },
    profiles: { dark: { servers: ['off'] }, empty: { servers: [] }, gap: { servers: ['everything', 'nosuch'] } },
  };
  const all = await examine(t, config);
  assert.equal(all.errors, 3, all.stdout);
  assert.equal(all.code, 1);
  const one = await examine(t, config, ['everything']);
  assert.equal(one.code, 0, one.stdout);
  assert.deepEqual([one.errors, one.warnings], [0, 0], one.stdout);
  assert.ok(one.of('everything').length > 0);
  const two = await examine(t, config, ['broken', 'off']);
  assert.equal(two.errors, 1, two.stdout);
  assert.ok(two.of('profile dark').length === 1 && two.of('profile empty').length === 0, two.stdout);
  assert.equal((await examine(t, '{ "mcpServers": { "a" 1 } }', ['a'])).code, 1, 'the file as a whole concerns every server');
});

test('a configuration that is named and not there', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'my configuration.json');
  const env = privateEnvironment(folder, { SWITCHYARD_CONFIG: file });
  const missing = JSON.parse((await run(t, binary, ['doctor', '--json'], { env })).stdout);
  const said = missing.checks.filter(({ subject }) => subject === 'file');
  assert.deepEqual(said.map(({ level }) => level), ['error'], JSON.stringify(said));
  assert.equal(said[0].message, `${file}, named by SWITCHYARD_CONFIG, is not there`);
  const [, remedy] = /: (switchyard .*)$/.exec(said[0].remedy);
  const command = remedy.replace(/^switchyard/, `'${binary}'`).replace('NAME', 'a').replace('COMMAND', 'true');
  const added = await run(t, 'sh', ['-c', command], { env });
  assert.equal(added.code, 0, added.stderr);
  assert.match(await readFile(file, 'utf8'), /"a": \{\s*"command": "true"/);
});

test('a gateway as a server of another', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'switchyard.json');
  const other = path.join(folder, 'other.json');
  await writeFile(other, '{}');
  const nested = (args, env = {}) => ({ command: binary, args: ['serve', '--stdio', ...args], env });
  const mcpServers = {
    spelled: nested([`--config=${other}`, `--state=${folder}/s`]),
    apart: nested(['--config', other, '--state', `${folder}/s`]),
    variable: nested([], { SWITCHYARD_CONFIG: other }),
    own: nested([`--config=${file}`]),
    same: nested([], { SWITCHYARD_CONFIG: file }),
  };
  await writeFile(file, JSON.stringify({ ...anywhere, mcpServers }), { mode: 0o600 });
  const ran = await run(t, binary, ['doctor', '--json', '--config', file], { env: privateEnvironment(folder) });
  const itself = JSON.parse(ran.stdout).checks.filter(({ message }) => /starts Switchyard itself/.test(message));
  assert.deepEqual(itself.map(({ subject }) => subject), ['own', 'same']);
});

test('a server that is not there by that name', { timeout }, async (t) => {
  const ran = await doctor(t, { ...anywhere, mcpServers: { everything, files: everything } }, ['file']);
  assert.equal(ran.code, 1);
  assert.equal(ran.stdout, '');
  assert.match(ran.stderr, /there is no server "file" in .*switchyard\.json; did you mean "files"\?/);
});

test('many servers that do not answer take no longer than one', { timeout }, async (t) => {
  const port = await listening(t, net.createServer(() => {}));
  const servers = Array.from({ length: 20 }, (_, i) => [`s${i}`, { url: `http://127.0.0.1:${port}/${i}` }]);
  const mcpServers = Object.fromEntries(servers);
  const began = Date.now();
  const report = await examine(t, { ...anywhere, mcpServers });
  assert.ok(Date.now() - began < 15_000, `${Date.now() - began} ms`);
  assert.equal(report.errors, 20);
  assert.match(report.of('s19')[0].message, /does not answer within 4 s$/);
});
