// Tools that the configuration shows otherwise, as agents meet them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectHttp, everything, names, startGateway, switchyard, text } from './support.mjs';

const timeout = 90_000;

test('a tool with another name and description', { timeout }, async (t) => {
  const override = {
    echo: { name: 'say', title: 'Say "it"', description: 'Says what it is told.' },
    'get-sum': { description: 'Adds two numbers.' },
    ecko: { name: 'nothing' },
  };
  const gateway = await startGateway(t, { listen: '127.0.0.1:0', mcpServers: { everything: { ...everything, tools: { override } } } });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const tools = (await client.listTools()).tools;
  const say = tools.find(({ name }) => name === 'everything__say');
  assert.equal(say.title, 'Say "it"');
  assert.equal(say.description, 'Says what it is told.');
  assert.ok(say.inputSchema.properties.message);
  assert.ok(!tools.some(({ name }) => name === 'everything__echo'));
  assert.equal(tools.find(({ name }) => name === 'everything__get-sum').description, 'Adds two numbers.');
  assert.equal(text(await client.callTool({ name: 'everything__say', arguments: { message: 'hi' } })), 'Echo: hi');

  const own = await connectHttp(t, `${gateway.origin}/mcp/servers/everything`);
  const listed = await own.listTools();
  assert.ok(names(listed).includes('echo') && !names(listed).includes('say'));
  assert.equal(listed.tools.find(({ name }) => name === 'echo').description, 'Says what it is told.');
  assert.equal(text(await own.callTool({ name: 'echo', arguments: { message: 'hi' } })), 'Echo: hi');

  const described = await switchyard(t, gateway, ['describe', 'everything__say']);
  assert.match(described.stdout, /own name {2}echo\n/);
  const status = await switchyard(t, gateway, ['status']);
  const missing = 'tools.override of server "everything" names a tool that it does not have: "ecko"; did you mean "echo"?';
  assert.ok(status.stdout.includes(missing), status.stdout);
  assert.ok(gateway.program.stderr.includes('ecko'), gateway.program.stderr);
});
