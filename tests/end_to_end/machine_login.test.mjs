// Servers that want a token which is nobody's login: the gateway's own, or one from elsewhere.
import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { login, ready, timeout, world } from './login_world.mjs';
import { startAuthorizationServer, startProtectedServer } from './oauth_world.mjs';
import { connectHttp, startGateway, switchyard, temporaryFolder, text, until } from './support.mjs';

/** A client that needs nobody, and proves who it is in this way. */
const machineThatSends = (method) => ({
  client_id: 'machine',
  client_secret: 'a-secret-of-the-machine',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: method,
});

test('the gateway as a client of its own needs nobody', { timeout }, async (t) => {
  const machine = machineThatSends('client_secret_basic');
  const { authorization, resource, gateway } = await world(t, {
    entry: ({ issuer }) => ({ oauth: { grant: 'client_credentials', clientId: 'machine', clientSecret: '${MACHINE}', authorizationServer: issuer } }),
    as: { clients: [machine] },
    env: { MACHINE: machine.client_secret },
  });
  await ready(gateway);
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'hello' } })), 'hello');
  // A token that is refused is replaced without anybody noticing.
  const old = [...resource.tokens];
  resource.refuse = ({ jti }) => old.some((token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).jti === jti);
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'again' } })), 'again');
  assert.equal(authorization.counts.granted.client_credentials, 2);
  assert.match((await switchyard(t, gateway, ['status', 'notes'])).stdout, /login +as the client machine/);
  const refused = await login(t, gateway);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /client_credentials/);
});

test('a token of a program is asked for again when it is refused', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const program = path.join(folder, 'helper');
  await writeFile(program, '#!/bin/sh\necho run >> "$(dirname "$0")/runs"\ncat "$(dirname "$0")/token"\n', { mode: 0o755 });
  const machine = machineThatSends('client_secret_post');
  const authorization = await startAuthorizationServer(t, { clients: [machine] });
  const resource = await startProtectedServer(t, authorization);
  const renew = async () => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'machine', client_secret: machine.client_secret, scope: 'mcp:tools', resource: resource.url });
    const answer = await (await fetch(`${authorization.issuer}/token`, { method: 'POST', body: form })).json();
    await writeFile(path.join(folder, 'token'), `${answer.access_token}\n`);
    return answer.access_token;
  };
  const first = await renew();
  const gateway = await startGateway(t, { mcpServers: { notes: { url: resource.url, bearer: { command: [program] } } }, listen: '127.0.0.1:0' });
  await ready(gateway);
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const { jti } = JSON.parse(Buffer.from(first.split('.')[1], 'base64url'));
  resource.refuse = (claims) => claims.jti === jti;
  await renew();
  assert.equal(text(await client.callTool({ name: 'notes__echo', arguments: { message: 'x' } })), 'x');
  assert.equal((await readFile(path.join(folder, 'runs'), 'utf8')).trim().split('\n').length, 2);
  // The same one again is the end of it, and nobody's login.
  resource.refuse = () => true;
  const refused = await client.callTool({ name: 'notes__echo', arguments: { message: 'x' } });
  assert.equal(refused._meta['switchyard/error'].reason, 'credential_refused');
  assert.match(text(refused), /the program .*helper/);
});

test('a program that gives no token does not hold up the end', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const program = path.join(folder, 'helper');
  await writeFile(program, '#!/bin/sh\necho > "$(dirname "$0")/started"\nsleep 1000\n', { mode: 0o755 });
  const authorization = await startAuthorizationServer(t);
  const resource = await startProtectedServer(t, authorization);
  const entry = { url: resource.url, bearer: { command: [program], timeout: 600 } };
  const gateway = await startGateway(t, { mcpServers: { notes: entry }, listen: '127.0.0.1:0' });
  await until('the program runs', () => readdir(folder), (files) => files.includes('started'));
  await gateway.stop();
});
