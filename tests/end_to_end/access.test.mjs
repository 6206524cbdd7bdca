// Who may come in: tokens and TLS of the MCP listener, by the official SDK's client, other makers' clients and plain requests.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import {
  binary,
  connectHttp,
  connectRemote,
  connectStdio,
  everything,
  names,
  notifications,
  privateEnvironment,
  run,
  startGateway,
  switchyard,
  temporaryFolder,
  text,
  types,
  until,
} from './support.mjs';

const timeout = 90_000;
const newToken = () => randomBytes(32).toString('base64');
const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'curl', version: '1' } },
};

/** A certificate for localhost that is its own authority: `cert.pem` and `key.pem` of the folder, put there at once. */
async function writeCertificate(folder, name) {
  const [key, cert] = ['key', 'cert'].map((part) => path.join(folder, `${part}.pem`));
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', `${key}.new`, '-out', `${cert}.new`],
  ]);
  await chmod(`${key}.new`, 0o600);
  for (const file of [key, cert]) await rename(`${file}.new`, file);
  return { key, cert, ca: await readFile(cert) };
}

/** One request, without a library that knows MCP: { status, headers, body, peer }. */
function ask(origin, { method = 'POST', target = '/mcp', token, headers = {}, body, ca, agent } = {}) {
  const all = { accept: 'application/json, text/event-stream', ...headers };
  if (token) all.authorization = `Bearer ${token}`;
  if (body) all['content-type'] = 'application/json';
  return new Promise((resolve, reject) => {
    const module = origin.startsWith('https') ? https : http;
    const request = module.request(origin + target, { method, headers: all, ca, agent }, (response) => {
      const peer = response.socket.getPeerCertificate?.().subject?.CN;
      let whole = '';
      response.setEncoding('utf8').on('data', (part) => {
        whole += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: whole, peer }));
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

test('clients need a token, and each has its own sessions', { timeout }, async (t) => {
  const [ci, ana] = [newToken(), newToken()];
  const home = await temporaryFolder(t);
  await writeFile(path.join(home, 'ana.token'), `${ana}\n`, { mode: 0o600 });
  const config = { mcpServers: { everything }, access: { tokens: { ci: { env: 'CI_TOKEN' }, ana: { file: 'ana.token' } } } };
  const gateway = await startGateway(t, config, { folder: home, env: { CI_TOKEN: ci } });

  const client = await connectHttp(t, `${gateway.origin}/mcp`, { token: ci });
  assert.equal(text(await client.callTool({ name: 'everything__echo', arguments: { message: 'in' } })), 'Echo: in');
  await assert.rejects(connectHttp(t, `${gateway.origin}/mcp`), { code: 401 });
  await assert.rejects(connectHttp(t, `${gateway.origin}/mcp`, { token: newToken() }), { code: 401 });

  const refused = await ask(gateway.origin, { body: initialize });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers['www-authenticate'], 'Bearer realm="switchyard"');
  assert.equal((await ask(gateway.origin, { method: 'GET', target: '/healthz' })).status, 200);

  const opened = await ask(gateway.origin, { body: initialize, token: ana, headers: { host: 'gateway.example.com' } });
  assert.equal(opened.status, 200);
  const session = { 'mcp-session-id': opened.headers['mcp-session-id'] };
  const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
  assert.equal((await ask(gateway.origin, { body: list, token: ana, headers: session })).status, 200);
  assert.equal((await ask(gateway.origin, { body: list, token: ci, headers: session })).status, 404);
  assert.equal((await ask(gateway.origin, { body: list, headers: session })).status, 401);

  const status = await switchyard(t, gateway, ['status']);
  assert.match(status.stdout, /^Clients need a token: ci, ana$/m);
  await gateway.stop();
  for (const token of [ci, ana]) assert.ok(!gateway.program.stderr.includes(token), 'a token is in the log');
});

test('a server never sees the token', { timeout }, async (t) => {
  const token = newToken();
  const seen = [];
  const remote = http.createServer((request, response) => {
    seen.push(JSON.stringify(request.headers));
    request.on('data', (part) => seen.push(String(part)));
    request.on('end', () => response.writeHead(404).end());
  });
  await new Promise((resolve) => remote.listen(0, '127.0.0.1', resolve));
  t.after(() => remote.close());
  const config = {
    mcpServers: { everything, remote: { url: `http://127.0.0.1:${remote.address().port}/mcp` } },
    access: { tokens: { ci: '${CI_TOKEN}' } },
  };
  const gateway = await startGateway(t, config, { env: { CI_TOKEN: token } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`, { token });
  const environment = text(await client.callTool({ name: 'everything__get-env', arguments: {} }));
  assert.ok(environment.includes('PATH') && !environment.includes(token));
  await until('a request to the server', async () => seen.length, (count) => count > 0);
  assert.ok(!seen.join('').includes(token));
});

test("this machine's commands come in as before", { timeout }, async (t) => {
  const home = await temporaryFolder(t);
  await writeCertificate(home, 'one');
  for (const tls of [undefined, { certificate: 'cert.pem', key: 'key.pem' }]) {
    const config = { mcpServers: { everything }, access: { tokens: { ci: { env: 'CI_TOKEN' } }, tls } };
    const gateway = await startGateway(t, config, { folder: home, env: { CI_TOKEN: newToken() } });
    assert.match(gateway.origin, tls ? /^https:/ : /^http:/);
    const called = await switchyard(t, gateway, ['call', 'everything__echo', '{"message":"own"}']);
    assert.equal(called.code, 0, called.stderr);
    assert.match(called.stdout, /Echo: own/);
    const listed = await switchyard(t, gateway, ['tools', '--json']);
    assert.equal(listed.code, 0, listed.stderr);
    // The relay is another process of this user's.
    const relayed = await connectStdio(t, binary, ['serve', '--stdio', ...gateway.common], { env: gateway.environment });
    assert.equal(text(await relayed.callTool({ name: 'everything__echo', arguments: { message: 'relayed' } })), 'Echo: relayed');
    const shown = JSON.parse(await readFile(path.join(gateway.state, 'gateway.json'), 'utf8'));
    assert.match(shown.localUrl, /^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
    assert.equal((await ask(new URL(shown.localUrl).origin, { body: initialize })).status, 401);
    await relayed.close();
    await gateway.stop();
  }
});

test('over TLS, for other makers too; the certificate is taken anew while connections live', { timeout }, async (t) => {
  const token = newToken();
  const home = await temporaryFolder(t);
  const first = await writeCertificate(home, 'first');
  const config = {
    mcpServers: { everything },
    access: { tokens: { ci: { env: 'CI_TOKEN' } }, tls: { certificate: 'cert.pem', key: 'key.pem' } },
  };
  const gateway = await startGateway(t, config, { folder: home, env: { CI_TOKEN: token } });

  const trusting = privateEnvironment(await temporaryFolder(t), { NODE_EXTRA_CA_CERTS: first.cert });
  const remote = await connectRemote(t, `${gateway.origin}/mcp`, {
    args: ['--header', `Authorization: Bearer ${token}`],
    env: trusting,
  });
  assert.ok(names(await remote.listTools()).includes('everything__echo'));

  const agent = new https.Agent({ keepAlive: true, ca: first.ca, maxSockets: 1 });
  t.after(() => agent.destroy());
  const before = await ask(gateway.origin, { body: initialize, token, agent });
  assert.equal(before.status, 200);
  assert.equal(before.peer, 'first');
  const plain = await ask(gateway.origin.replace('https', 'http'), { body: initialize, token });
  assert.equal(plain.status, 400);
  assert.match(plain.body, /https/);

  const second = await writeCertificate(home, 'second');
  await until(
    'the new certificate',
    () => ask(gateway.origin, { method: 'GET', target: '/healthz', ca: [first.ca, second.ca], agent: false }),
    ({ peer }) => peer === 'second',
  );
  // The connection from before, and the session, go on.
  const session = { 'mcp-session-id': before.headers['mcp-session-id'] };
  const after = await ask(gateway.origin, { body: { jsonrpc: '2.0', id: 2, method: 'tools/list' }, token, headers: session, agent });
  assert.equal(after.status, 200);
  assert.equal(text(await remote.callTool({ name: 'everything__echo', arguments: { message: 'still' } })), 'Echo: still');

  // A pair that does not fit changes nothing, and is spoken of.
  await writeFile(second.key, 'no key');
  await until('the broken key', async () => (await switchyard(t, gateway, ['status'])).stdout, (shown) => /key\.pem cannot be used/.test(shown));
  const still = await ask(gateway.origin, { method: 'GET', target: '/healthz', ca: second.ca, agent: false });
  assert.equal(still.peer, 'second');
});

test('tokens that are taken away end their sessions, others go on', { timeout }, async (t) => {
  const [ci, ana, next] = [newToken(), newToken(), newToken()];
  const home = await temporaryFolder(t);
  const files = Object.fromEntries(['ci', 'ana'].map((name) => [name, path.join(home, `${name}.token`)]));
  await writeFile(files.ci, ci);
  await writeFile(files.ana, ana);
  const config = { mcpServers: { everything }, access: { tokens: { ci: { file: 'ci.token' }, ana: { file: 'ana.token' } } } };
  const gateway = await startGateway(t, config, { folder: home });
  const leaving = await connectHttp(t, `${gateway.origin}/mcp`, { token: ci });
  const staying = await connectHttp(t, `${gateway.origin}/mcp`, { token: ana });
  const progress = notifications(staying, types.ProgressNotificationSchema);
  const long = staying.callTool(
    { name: 'everything__trigger-long-running-operation', arguments: { duration: 3, steps: 6 }, _meta: { progressToken: 7 } },
    undefined,
    { timeout: 60_000 },
  );
  await progress.until(() => true, 'progress');

  await writeFile(files.ci, next);
  await until(
    'the new token',
    () => ask(gateway.origin, { body: initialize, token: next }),
    ({ status }) => status === 200,
  );
  await assert.rejects(leaving.listTools(), { code: 401 });
  assert.match(text(await long), /completed/i);
  assert.ok(names(await staying.listTools()).length > 0);

  // One that is no token changes nothing.
  await writeFile(files.ana, 'short');
  await until('the refusal', async () => (await switchyard(t, gateway, ['status'])).stdout, (shown) => /shorter than 16/.test(shown));
  assert.ok(names(await staying.listTools()).length > 0);
});

test('without its token, or beyond this machine without TLS, nothing is opened', { timeout }, async (t) => {
  const home = await temporaryFolder(t);
  const file = path.join(home, 'switchyard.json');
  const env = privateEnvironment(home, { CI_TOKEN: newToken(), SHORT: 'hunter2' });
  const serve = async (config, ...args) => {
    await writeFile(file, JSON.stringify({ mcpServers: {}, admin: '127.0.0.1:0', listen: '127.0.0.1:0', ...config }));
    const common = ['--config', file, '--state', path.join(home, 'other-state')];
    const result = await run(t, binary, ['serve', ...common, ...args], { env });
    assert.equal(result.code, 1, result.stdout);
    assert.doesNotMatch(result.stdout, /listening/);
    return result.stderr;
  };
  const tokens = { ci: { env: 'CI_TOKEN' } };
  assert.match(await serve({ listen: '0.0.0.0:0' }), /no access token says who may call tools there/);
  assert.match(await serve({ access: { tokens } }, '--listen', '0.0.0.0:0'), /without TLS the access tokens could be read on the way/);
  assert.match(await serve({ access: { tokens: { ci: { env: 'NOT_SET' } } } }), /the variable NOT_SET is not set/);
  const short = await serve({ access: { tokens: { ci: { env: 'SHORT' } } } });
  assert.match(short, /shorter than 16 characters.*openssl rand -base64 32/s);
  assert.ok(!short.includes('hunter2'));
  const tls = { certificate: 'nowhere.pem', key: 'nowhere.pem' };
  assert.match(await serve({ access: { tokens, tls } }), /nowhere\.pem cannot be used: No such file/);
});
