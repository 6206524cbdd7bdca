// Commands that edit the configuration, with the real program: from nothing to a tool that is called, and several at once.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { binary, everything, privateEnvironment, run, temporaryFolder } from './support.mjs';

const timeout = 120_000;

async function newUser(t) {
  const folder = await temporaryFolder(t);
  const env = privateEnvironment(folder);
  const file = path.join(env.XDG_CONFIG_HOME, 'switchyard/switchyard.json');
  const command = (...args) => run(t, binary, args, { env });
  return { folder, file, command };
}

test('a new user adds a server and calls its tool', { timeout }, async (t) => {
  const { file, command } = await newUser(t);
  const none = await command('tools');
  assert.equal(none.code, 1);
  assert.match(none.stderr, /switchyard add NAME -- COMMAND/);
  const added = await command('add', 'things', '--env', 'GREETING=${NOBODY:-hi}', '--', everything.command, ...everything.args);
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /^Added "things" to .*switchyard\.json, a new file\.\nStart it with: switchyard serve\n$/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const call = await command('call', 'things__echo', '{"message":"hello"}');
  assert.equal(call.code, 0, call.stderr);
  assert.match(call.stdout, /Echo: hello/);
  assert.equal((await command('disable', 'things')).code, 0);
  assert.match((await command('list')).stdout, /things\s+disabled/);
  assert.equal((await command('remove', 'things')).code, 0);
  assert.match((await command('list')).stderr, /no servers configured in .*switchyard add files/);
});

test('comments and all else stay, links and modes too', { timeout }, async (t) => {
  const { folder, file, command } = await newUser(t);
  const kept = `\uFEFF{\r
\t// ours\r
\t"listen": ":0", /* any */\r
\t"mcpServers": {\r
\t\t// stays\r
\r
\t\t"a": {"command": "x",}, // also\r
\t},\r
}\r
// end`;
  await mkdir(path.dirname(file), { recursive: true });
  const target = path.join(folder, 'dotfiles.json');
  await writeFile(target, kept);
  await chmod(target, 0o640);
  await symlink(target, file);
  assert.equal((await command('add', 'b', '--url', 'https://x.test/mcp')).code, 0);
  const text = await readFile(target, 'utf8');
  assert.equal(text, kept.replace('// also\r\n', '// also\r\n\t\t"b": {"url": "https://x.test/mcp"},\r\n'));
  assert.equal((await command('remove', 'b')).code, 0);
  assert.equal(await readFile(target, 'utf8'), kept);
  assert.equal((await stat(target)).mode & 0o777, 0o640);
  assert.deepEqual(await readdir(path.dirname(file)), ['switchyard.json']);
  assert.deepEqual((await readdir(folder)).filter((name) => name.includes('dotfiles')), ['dotfiles.json']);
});

test('of edits at once none is lost', { timeout }, async (t) => {
  const { file, command } = await newUser(t);
  const names = Array.from({ length: 12 }, (_, i) => `server-${i}`);
  const outcomes = await Promise.all(names.map((name) => command('add', name, '--profile', 'all', '--', 'x', name)));
  for (const outcome of outcomes) assert.equal(outcome.code, 0, outcome.stderr);
  const config = JSON.parse((await readFile(file, 'utf8')).replaceAll(/^\s*\/\/.*$/gm, ''));
  assert.deepEqual(Object.keys(config.mcpServers).sort(), [...names].sort());
  assert.deepEqual([...config.profiles.all.servers].sort(), [...names].sort());
  assert.equal(outcomes.filter(({ stdout }) => stdout.includes('a new file')).length, 1);
});

test("another client's file, a broken one and a read-only one stay as they are", { timeout }, async (t) => {
  const { folder, command } = await newUser(t);
  const cases = [
    ['claude.json', '{ "mcpServers": {} }', /another client's file/],
    ['broken.json', '{ "profiles": {}, "mcpServers": { "a": {} "b": {} } }', /broken\.json:1:43: mcpServers: expected ','/],
    ['read-only.json', '{ "profiles": {} }', /read-only\.json is read-only\. Make it writable \(chmod u\+w\)/],
  ];
  for (const [name, text, message] of cases) {
    const file = path.join(folder, name);
    await writeFile(file, text);
    if (name.startsWith('read-only')) await chmod(file, 0o444);
    const refused = await command('add', 'files', '--config', file, '--', 'x');
    assert.equal(refused.code, 1, name);
    assert.equal(refused.stdout, '', name);
    assert.match(refused.stderr, message);
    assert.equal(refused.stderr.trim().split('\n').length, 1, name);
    assert.equal(await readFile(file, 'utf8'), text, name);
  }
});
