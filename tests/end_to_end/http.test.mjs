// The official SDK's client talks to the gateway over streamable HTTP.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import {
  connectHttp,
  connectStdio,
  descendants,
  everything,
  filesystem,
  memory,
  names,
  startEverythingHttp,
  startGateway,
  temporaryFolder,
  text,
} from './support.mjs';

const timeout = 90_000;
const allCapabilities = { sampling: {}, elicitation: {}, roots: {} };

test('tools of all servers are listed under SERVER__TOOL and can be called', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(path.join(folder, 'note.txt'), 'written for the test');
  const gateway = await startGateway(t, {
    mcpServers: { everything, files: filesystem(folder), memory: memory(path.join(folder, 'memory.jsonl')) },
  });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);

  const listed = names(await client.listTools());
  for (const name of ['everything__echo', 'everything__get-sum', 'files__read_text_file', 'memory__read_graph']) {
    assert.ok(listed.includes(name), `${name} is not among ${listed.join(', ')}`);
  }
  for (const name of listed) assert.match(name, /^[A-Za-z0-9_-]{1,46}$/);

  assert.equal(text(await client.callTool({ name: 'everything__echo', arguments: { message: 'grüße' } })), 'Echo: grüße');
  const file = await client.callTool({ name: 'files__read_text_file', arguments: { path: path.join(folder, 'note.txt') } });
  assert.equal(text(file), 'written for the test');
});

test('a tool reaches the client exactly as its server describes it', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const plain = await connectStdio(t, everything.command, everything.args);
  const capable = await connectStdio(t, everything.command, everything.args, { capabilities: allCapabilities });

  const through = new Map((await client.listTools()).tools.map((tool) => [tool.name, tool]));
  // The server offers some tools only to clients with certain capabilities: at least what every client gets, at most all.
  for (const tool of (await plain.listTools()).tools) assert.ok(through.has(`everything__${tool.name}`), tool.name);
  const all = new Map((await capable.listTools()).tools.map((tool) => [`everything__${tool.name}`, tool]));
  for (const [name, tool] of through) assert.deepEqual({ ...tool, name: all.get(name)?.name }, all.get(name), name);

  const call = { name: 'get-structured-content', arguments: { location: 'Chicago' } };
  const direct = await plain.callTool(call);
  assert.deepEqual(await client.callTool({ ...call, name: `everything__${call.name}` }), direct);
});

test('one server alone keeps its own names; a profile shows its servers only', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const gateway = await startGateway(t, {
    mcpServers: { everything, files: filesystem(folder) },
    profiles: { coding: { servers: ['files'] } },
  });
  const single = await connectHttp(t, `${gateway.origin}/mcp/servers/everything`);
  assert.ok(names(await single.listTools()).includes('echo'));
  assert.equal(text(await single.callTool({ name: 'echo', arguments: { message: 'hi' } })), 'Echo: hi');

  const coding = names(await (await connectHttp(t, `${gateway.origin}/mcp/coding`)).listTools());
  assert.ok(coding.length > 0);
  for (const name of coding) assert.match(name, /^files__/);
});

test('an HTTP server behind the gateway works like a stdio one', { timeout }, async (t) => {
  const url = await startEverythingHttp(t);
  const gateway = await startGateway(t, { mcpServers: { remote: { url } } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.ok(names(await client.listTools()).includes('remote__echo'));
  assert.equal(text(await client.callTool({ name: 'remote__echo', arguments: { message: 'over HTTP' } })), 'Echo: over HTTP');
});

test('progress of a call arrives at its caller, and only there', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const url = `${gateway.origin}/mcp`;
  const clients = await Promise.all([connectHttp(t, url), connectHttp(t, url)]);
  const seen = await Promise.all(
    clients.map(async (client, index) => {
      const steps = 3 + index;
      const progress = [];
      const call = { name: 'everything__trigger-long-running-operation', arguments: { duration: 1, steps } };
      await client.callTool(call, undefined, { onprogress: (step) => progress.push(step) });
      return progress.map(({ progress: done, total }) => `${done}/${total}`);
    }),
  );
  assert.deepEqual(seen, [
    ['1/3', '2/3', '3/3'],
    ['1/4', '2/4', '3/4', '4/4'],
  ]);
});

test('many clients share one process of a server', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  const url = `${gateway.origin}/mcp`;
  const first = await connectHttp(t, url);
  await first.callTool({ name: 'everything__echo', arguments: { message: 'warm' } });
  const before = (await descendants(gateway.pid)).length;
  assert.ok(before > 0);
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectHttp(t, url)));
  const answers = await Promise.all(
    clients.map((client, index) => client.callTool({ name: 'everything__echo', arguments: { message: `${index}` } })),
  );
  assert.deepEqual(answers.map(text), clients.map((_, index) => `Echo: ${index}`));
  assert.equal((await descendants(gateway.pid)).length, before);
});

test('a server that cannot start leaves the others alone, and calls to an unknown tool say so', { timeout }, async (t) => {
  const gateway = await startGateway(t, {
    mcpServers: { everything, broken: { command: '/nonexistent/server' } },
  });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const listed = names(await client.listTools());
  assert.ok(listed.includes('everything__echo'));
  assert.ok(!listed.some((name) => name.startsWith('broken')));
  await assert.rejects(
    client.callTool({ name: 'broken__anything', arguments: {} }).then((result) => {
      if (result.isError) throw new Error(text(result));
    }),
    /broken/,
  );
});

test('health is told on the MCP listener', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { everything } });
  for (const name of ['healthz', 'readyz']) {
    const response = await fetch(`${gateway.origin}/${name}`);
    await response.text();
    assert.equal(response.status, 200, name);
  }
});
