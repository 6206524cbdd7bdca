// The client that the official suite starts: client_adapter.mjs URL
//
// URL is the suite's server. With SWITCHYARD_CONFORMANCE_WAY=gateway a gateway of its own stands between that and the official SDK's
// client, which does what the scenario of MCP_CONFORMANCE_SCENARIO asks. Ends with status 0 when that went well.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

import { Client, StreamableHTTPClientTransport, types } from './fixture/sdk.mjs';

const call = (client, name, args = {}) => client.callTool({ name, arguments: args });

const scenarios = {
  initialize: { act: (client) => client.listTools() },
  tools_call: {
    async act(client) {
      await client.listTools();
      await call(client, 'add_numbers', { a: 5, b: 3 });
    },
  },
  'elicitation-sep1034-client-defaults': {
    capabilities: { elicitation: { form: { applyDefaults: true } } },
    async act(client) {
      // What is left out is filled with the schema's defaults by the SDK.
      client.setRequestHandler(types.ElicitRequestSchema, () => ({ action: 'accept', content: {} }));
      await client.listTools();
      await call(client, 'test_client_elicitation_defaults');
    },
  },
  'sse-retry': {
    async act(client) {
      await client.listTools();
      await call(client, 'test_reconnection');
    },
  },
  'json-schema-2020-12-preservation': {
    async act(client) {
      const { tools } = await client.listTools();
      const { inputSchema } = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
      await call(client, 'json_schema_echo', { schema: inputSchema });
    },
  },
};

/** A gateway with `url` as its only server: where the server is to be found through it, and how to end it. */
async function startGateway(url) {
  const home = await mkdtemp(path.join(tmpdir(), 'switchyard-adapter-'));
  const config = path.join(home, 'switchyard.json');
  await writeFile(config, JSON.stringify({ mcpServers: { suite: { url } } }));
  const args = ['serve', '--config', config, '--state', path.join(home, 'state'), '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home };
  const gateway = spawn(process.env.SWITCHYARD_BIN, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const ended = new Promise((resolve) => {
    gateway.once('error', resolve);
    gateway.once('exit', resolve);
  });
  const end = async () => {
    gateway.kill('SIGTERM');
    await ended;
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  const first = await Promise.race([
    new Promise((resolve) => readline.createInterface({ input: gateway.stdout }).on('line', (line) => /http:/.test(line) && resolve(line))),
    ended,
  ]);
  if (typeof first !== 'string') {
    await end();
    throw new Error('the gateway did not start');
  }
  return { url: `${new URL(/http:\/\/[^\s"']+/.exec(first)[0]).origin}/mcp/servers/suite`, end };
}

async function act(url, { capabilities = {}, act: steps }) {
  const client = new Client({ name: 'switchyard-conformance', version: '1.0.0' }, { capabilities });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  try {
    await steps(client);
  } finally {
    await client.close();
  }
}

const url = process.argv.at(-1);
const scenario = scenarios[process.env.MCP_CONFORMANCE_SCENARIO];
if (scenario === undefined) throw new Error(`no such scenario: ${process.env.MCP_CONFORMANCE_SCENARIO}`);
if (process.env.SWITCHYARD_CONFORMANCE_WAY === 'direct') {
  await act(url, scenario);
} else {
  const gateway = await startGateway(url);
  try {
    await act(gateway.url, scenario);
  } finally {
    await gateway.end();
  }
}
