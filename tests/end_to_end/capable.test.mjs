// Tools that a server shows only to clients which it may ask something.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectHttp, everything, names, startEverythingHttp, startGateway } from './support.mjs';

const timeout = 90_000;
const capabilities = { sampling: {}, elicitation: {}, roots: {} };
const forCapable = ['trigger-sampling-request', 'trigger-elicitation-request', 'get-roots-list'];

for (const upstream of ['stdio', 'HTTP']) {
  test(`each client sees the tools that an ${upstream} server means for it`, { timeout }, async (t) => {
    const server = upstream === 'stdio' ? everything : { url: await startEverythingHttp(t) };
    const gateway = await startGateway(t, { mcpServers: { everything: server } });
    for (const [endpoint, prefix] of [['/mcp', 'everything__'], ['/mcp/servers/everything', '']]) {
      const url = `${gateway.origin}${endpoint}`;
      const listed = async (options) => {
        const client = await connectHttp(t, url, options);
        return { client, tools: names(await client.listTools()) };
      };
      const before = await listed();
      const capable = await listed({ capabilities });
      const after = await listed();
      const found = capable.tools.filter((tool) => !before.tools.includes(tool)).map((tool) => tool.slice(prefix.length));
      assert.deepEqual(found.sort(), [...forCapable].sort());
      assert.deepEqual(after.tools, before.tools);
      assert.deepEqual(names(await before.client.listTools()), before.tools);
      assert.deepEqual(names(await capable.client.listTools()), capable.tools);
    }
  });
}
