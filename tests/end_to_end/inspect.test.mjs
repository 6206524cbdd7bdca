// `switchyard inspect` on other makers' servers, and on the gateway itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { binary, everything, filesystem, run, startEverythingHttp, startGateway, temporaryFolder } from './support.mjs';

const timeout = 120_000;

const ids = (inspection) => inspection.findings.map(({ id }) => id);

async function inspect(t, ...args) {
  const ran = await run(t, binary, ['inspect', '--json', ...args]);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

test('a program', { timeout }, async (t) => {
  const inspection = await inspect(t, '--', everything.command, ...everything.args);
  assert.equal(inspection.transport, 'stdio');
  assert.match(inspection.server.name, /everything/);
  for (const list of ['tools', 'prompts', 'resources', 'resourceTemplates']) assert.ok(inspection[list].length > 0, list);
  assert.ok(inspection.tools.some(({ name }) => name === 'echo'));
  assert.deepEqual(inspection.failed, {});
  assert.equal(inspection.errors, 0, JSON.stringify(inspection.findings));
});

test('a program, for people', { timeout }, async (t) => {
  const shown = await run(t, binary, ['inspect', '--strict', '--', everything.command, ...everything.args]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^revision +2025-11-25$/m);
  assert.match(shown.stdout, /^echo +.*message\*: string/m);
});

test('a server over HTTP, which does not check where requests come from', { timeout }, async (t) => {
  const url = await startEverythingHttp(t);
  const inspection = await inspect(t, url);
  assert.equal(inspection.transport, 'streamable HTTP');
  assert.ok(inspection.tools.some(({ name }) => name === 'echo'));
  assert.ok(ids(inspection).includes('origin-unchecked'));
  assert.equal((await run(t, binary, ['inspect', '--strict', url])).code, 1);
});

test('the gateway itself has no errors and no warnings', { timeout }, async (t) => {
  const gateway = await startGateway(t, { mcpServers: { files: filesystem(await temporaryFolder(t)) } });
  const inspection = await inspect(t, `${gateway.origin}/mcp`);
  assert.ok(inspection.tools.some(({ name }) => name === 'files__read_file'));
  assert.deepEqual(inspection.findings.filter(({ severity }) => severity !== 'note'), []);
});
