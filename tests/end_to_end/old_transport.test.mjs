// Servers on HTTP+SSE, the transport of revision 2024-11-05, as the official SDK still builds them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectHttp, names, startEverythingSse, startGateway, switchyard, text } from './support.mjs';

const timeout = 90_000;

/** The gateway's own view of its only server. */
async function serverOf(t, gateway) {
  const { stdout } = await switchyard(t, gateway, ['list', '--json']);
  return JSON.parse(stdout).servers[0];
}

/** Waits until the gateway logs this. */
function logged({ program }, line) {
  const seen = () => line.test(program.stderr);
  return new Promise((resolve) => {
    if (seen()) resolve();
    program.child.stderr.on('data', () => seen() && resolve());
  });
}

for (const [how, entry] of [
  ['that is said to be one', { type: 'sse' }],
  ['of which only the URL is known', {}],
]) {
  test(`a server ${how} works like any other, and comes back`, { timeout }, async (t) => {
    const server = await startEverythingSse(t);
    const gateway = await startGateway(t, { mcpServers: { old: { ...entry, url: server.url } } });
    const client = await connectHttp(t, `${gateway.origin}/mcp`);
    assert.ok(names(await client.listTools()).includes('old__echo'));
    assert.equal(text(await client.callTool({ name: 'old__echo', arguments: { message: 'grüße' } })), 'Echo: grüße');
    assert.equal((await serverOf(t, gateway)).transport, 'http+sse');

    const progress = [];
    const long = { name: 'old__trigger-long-running-operation', arguments: { duration: 1, steps: 3 } };
    await client.callTool(long, undefined, { onprogress: ({ progress: done }) => progress.push(done) });
    assert.deepEqual(progress, [1, 2, 3]);

    // Calls at the same time, and what is open when the server dies.
    const echoes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => client.callTool({ name: 'old__echo', arguments: { message: `${i}` } })),
    );
    assert.deepEqual(echoes.map(text), Array.from({ length: 50 }, (_, i) => `Echo: ${i}`));
    const open = client.callTool({ name: 'old__trigger-long-running-operation', arguments: { duration: 60, steps: 60 } }, undefined, {
      onprogress: () => server.stop('SIGKILL'),
    });
    const lost = await open;
    assert.ok(lost.isError, text(lost));
    assert.match(text(lost), /event stream of http:\/\/127\.0\.0\.1:\d+ (ended|broke off)/);

    await startEverythingSse(t, server.port);
    await logged(gateway, /server ready.*restarts=[1-9]/);
    assert.equal(text(await client.callTool({ name: 'old__echo', arguments: { message: 'again' } })), 'Echo: again');
  });
}

test('a server said to be on streamable HTTP is not tried in the old way', { timeout }, async (t) => {
  const server = await startEverythingSse(t);
  const gateway = await startGateway(t, { mcpServers: { old: { type: 'http', url: server.url } } });
  await logged(gateway, /server did not start/);
  const { cause, transport } = await serverOf(t, gateway);
  assert.equal(transport, 'http');
  assert.equal(cause.reason, 'http_status');
  assert.match(cause.message, /HTTP 404/);
});
