// Calls that the gateway checks against the schemas of real servers ("validate").
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { connectHttp, everything, filesystem, memory, startGateway, temporaryFolder, text } from './support.mjs';

const timeout = 90_000;

test('what holds passes, what does not is a tool error that says why', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const servers = { everything, files: filesystem(folder), memory: memory(path.join(folder, 'memory.jsonl')) };
  const checked = Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, { ...server, validate: 'both' }]));
  const gateway = await startGateway(t, { mcpServers: checked });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  // The client remembers the output schemas and checks for itself.
  await client.listTools();

  assert.equal(text(await client.callTool({ name: 'everything__echo', arguments: { message: 'hi' } })), 'Echo: hi');
  const weather = await client.callTool({ name: 'everything__get-structured-content', arguments: { location: 'Chicago' } });
  assert.ok(weather.structuredContent);
  const entity = { name: 'Ada', entityType: 'person', observations: ['wrote a program'] };
  const created = await client.callTool({ name: 'memory__create_entities', arguments: { entities: [entity] } });
  assert.deepEqual(created.structuredContent, { entities: [entity] });

  const refused = await client.callTool({ name: 'memory__create_entities', arguments: { entities: [{ name: 1, observations: [] }] } });
  assert.equal(refused.isError, true);
  assert.match(text(refused), /^server "memory" was not asked: the arguments for "create_entities" do not match its input schema/);
  assert.match(text(refused), /\n- \/entities\/0: the required member "entityType" is missing/);
  assert.match(text(refused), /\n- \/entities\/0\/name: expected string, got number 1/);
  assert.equal(refused._meta['switchyard/error'].reason, 'invalid_params');
});
