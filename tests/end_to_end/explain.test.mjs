// Why a tool or a server cannot be used, with and without a gateway that runs.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { admin, binary, connectHttp, everything, filesystem, names, privateEnvironment, run, startGateway, switchyard, temporaryFolder } from './support.mjs';

const timeout = 120_000;

const stages = ['configuration', 'runtime', 'login', 'discovery', 'filter', 'name', 'client_limits'];

const configuration = (folder) => ({
  listen: '127.0.0.1:0',
  admin: '127.0.0.1:0',
  mcpServers: {
    files: { ...filesystem(folder), tools: { deny: ['write_*'] } },
    everything: { ...everything, tools: { override: { echo: { name: 'say' } } } },
    gone: { command: 'no-such-command' },
    off: { ...everything, enabled: false },
    bound: { ...everything, environment: 'devbox' },
    nowhere: { url: 'http://127.0.0.1:1/mcp' },
  },
  environments: { devbox: {} },
  profiles: { reading: { servers: ['files'] } },
});

/** What is asked, and what the answer is: the step that fails, its reason and remedy; or the name to call it by. */
const cases = [
  { ask: 'files__read_text_file', name: 'files__read_text_file' },
  { ask: 'read_text_file', name: 'files__read_text_file' },
  { ask: 'files', verdict: /^serves \d+ tools at \/mcp$/ },
  { ask: 'files__write_file', failed: 'filter', reason: 'tool_filtered', remedy: /"write_\*" out of mcpServers\.files\.tools\.deny/ },
  { ask: 'files/write_file', failed: 'filter', reason: 'tool_filtered', remedy: /tools\.deny/ },
  { ask: 'everything__say', name: 'everything__say' },
  { ask: 'everything__echo', name: 'everything__say', verdict: /^callable as everything__say, not as "everything__echo"$/ },
  { ask: 'echo', name: 'everything__say' },
  { ask: 'files__raed_text_file', failed: 'discovery', reason: 'unknown_tool', remedy: /switchyard explain files\/read_text_file/ },
  { ask: 'off', failed: 'configuration', reason: 'server_unavailable', remedy: /switchyard enable off/ },
  { ask: 'off__echo', failed: 'configuration', reason: 'server_unavailable', remedy: /switchyard enable off/ },
  { ask: 'gone', failed: 'runtime', reason: 'spawn_failed', found: /'no-such-command' not found/, remedy: /Install it/ },
  { ask: 'bound__echo', failed: 'configuration', reason: 'environment_unavailable', found: /"devbox"/, remedy: /environments\/devbox\?available=true/ },
  { ask: 'nowhere', failed: 'runtime', reason: 'connect_failed', found: /127\.0\.0\.1:1/ },
  { ask: 'everything', profile: 'reading', failed: 'configuration', reason: 'server_unavailable', remedy: /profiles\.reading\.servers/ },
];

function check({ ask, profile, name, verdict, failed, reason, found, remedy }, { code, stdout }) {
  const answer = JSON.parse(stdout);
  const said = `${ask}: ${stdout}`;
  assert.equal(code, failed ? 1 : 0, said);
  assert.equal(answer.name, ask);
  assert.equal(answer.view, profile ? `/mcp/${profile}` : '/mcp');
  assert.equal(answer.callable, !failed, said);
  assert.equal(answer.matches.length, 1, said);
  const [match] = answer.matches;
  assert.equal(match.failed, failed, said);
  assert.equal(match.reason, reason, said);
  if (name) assert.equal(match.name, name, said);
  if (verdict) assert.match(match.verdict, verdict);
  if (remedy) assert.match(match.remedy, remedy);
  assert.deepEqual(match.steps.map(({ step }) => step), stages);
  const end = failed ? stages.indexOf(failed) : stages.length;
  for (const [place, { step, outcome, found: line }] of match.steps.entries()) {
    assert.equal(outcome === 'failed', place === end, `${said} ${step}`);
    assert.equal(outcome === 'not_reached', place > end, `${said} ${step}`);
    assert.equal(line === undefined, place > end, `${said} ${step}`);
  }
  if (found) assert.match(match.steps[end].found, found);
}

test('a gateway that runs says what fails, and what mends it', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const gateway = await startGateway(t, configuration(folder));
  for (const one of cases) {
    const args = ['explain', one.ask, '--json', ...(one.profile ? ['--profile', one.profile] : [])];
    check(one, await switchyard(t, gateway, args));
  }
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const seen = names(await client.listTools());
  for (const { ask, name } of cases) {
    // What it says is so.
    if (name) assert.ok(seen.includes(name), name);
    if (!name) assert.ok(!seen.includes(ask), ask);
  }

  const api = await admin(gateway, 'GET', '/api/v1/explain?name=files__write_file');
  assert.equal(api.status, 200);
  const cli = await switchyard(t, gateway, ['explain', 'files__write_file', '--json']);
  assert.deepEqual(JSON.parse(cli.stdout), api.body);
  assert.equal(api.body.running, true);
  assert.equal((await admin(gateway, 'GET', '/api/v1/explain')).status, 400);
  assert.equal((await admin(gateway, 'GET', '/api/v1/explain?name=x&profile=nope')).status, 404);

  const text = await switchyard(t, gateway, ['explain', 'files__write_file']);
  assert.equal(text.code, 1);
  assert.match(text.stdout, /^tool write_file of server files, at \/mcp\n {2}configuration +ok +mcpServers\.files in /);
  assert.match(text.stdout, /\n {2}runtime +ok +ready, pid \d+, for \d+ m?s\n/);
  assert.match(text.stdout, /\n {2}filter +failed +tools\.deny of server "files" has "write_\*", which fits "write_file"\n/);
  assert.match(text.stdout, /\n {2}name +not reached\n {2}client limits +not reached\nnot callable\. Take "write_\*" out of /);

  const unknown = await switchyard(t, gateway, ['explain', 'fils__read_text_file']);
  assert.equal(unknown.code, 1);
  assert.equal(unknown.stdout, '');
  assert.match(unknown.stderr, /no server and no tool is called "fils__read_text_file"; did you mean "files__read_text_file"/);
});

test('what it says mends it', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const gateway = await startGateway(t, configuration(folder));
  const ask = async (name) => JSON.parse((await switchyard(t, gateway, ['explain', name, '--json'])).stdout);
  assert.equal((await ask('off__echo')).callable, false);
  assert.equal((await run(t, binary, ['enable', 'off', '--config', gateway.file], { env: gateway.environment })).code, 0);
  assert.equal((await switchyard(t, gateway, ['reload'])).code, 0);
  assert.equal((await ask('off__echo')).callable, true);
  await admin(gateway, 'PUT', '/api/v1/environments/devbox?available=true');
  assert.equal((await ask('bound__echo')).callable, true);
  await writeFile(gateway.file, '{ broken');
  assert.equal((await switchyard(t, gateway, ['reload'])).code, 1);
  const broken = await switchyard(t, gateway, ['explain', 'bound__echo']);
  assert.equal(broken.code, 0);
  assert.match(broken.stderr, /the configuration cannot be used as it is now/);
});

test('without a gateway the command starts the servers itself', { timeout }, async (t) => {
  const folder = await temporaryFolder(t);
  const env = privateEnvironment(folder);
  const file = path.join(folder, 'switchyard.json');
  await writeFile(file, JSON.stringify(configuration(folder)));
  const explain = (...args) => run(t, binary, ['explain', '--config', file, ...args], { env });
  for (const one of cases) {
    if (['echo', 'read_text_file'].includes(one.ask)) continue;
    check(one, await explain(one.ask, '--json', ...(one.profile ? ['--profile', one.profile] : [])));
  }
  const answer = await explain('files__read_text_file');
  assert.equal(answer.code, 0, answer.stderr);
  assert.match(answer.stdout, /^No gateway runs here with this configuration/);
  assert.match(answer.stdout, /\ncallable as files__read_text_file\n$/);
  assert.equal((await explain('nobody')).code, 1);
  assert.equal((await explain()).code, 2);
});
