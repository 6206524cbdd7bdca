// Other makers' servers in sandboxes: they work, and do no more than they may.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import {
  connectHttp,
  everything,
  filesystem,
  root,
  run,
  server,
  startGateway,
  switchyard,
  temporaryFolder,
  text,
  until,
} from './support.mjs';

const timeout = 90_000;

/** Why no sandbox is to be had here, or undefined. */
async function missing(t) {
  try {
    const made = await run(t, 'bwrap', ['--unshare-user', '--unshare-pid', '--ro-bind', '/', '/', '--proc', '/proc', 'true']);
    return made.code === 0 ? undefined : made.stderr;
  } catch (error) {
    return error.message;
  }
}

/** A folder outside /tmp, of which every sandbox has its own. */
async function folderElsewhere(t) {
  await mkdir(path.join(root, 'build'), { recursive: true });
  const folder = await mkdtemp(path.join(root, 'build', 'sandbox-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a server in a strict sandbox works in its folder and nowhere else', { timeout }, async (t) => {
  const why = await missing(t);
  if (why) return t.skip(`this system makes no sandbox: ${why}`);
  const folder = await folderElsewhere(t);
  const [docs, other] = [path.join(folder, 'docs'), path.join(folder, 'other')];
  await mkdir(docs);
  await mkdir(other);
  await writeFile(path.join(docs, 'note.txt'), 'a note');
  const gateway = await startGateway(t, {
    mcpServers: {
      everything: { ...everything, sandbox: 'strict' },
      strict: { ...filesystem(docs), sandbox: { level: 'strict', write: [docs] } },
      standard: { ...filesystem(other), sandbox: 'standard' },
    },
  });
  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  const call = (name, args) => client.callTool({ name, arguments: args });

  assert.equal(text(await call('everything__echo', { message: 'in a box' })), 'Echo: in a box');
  assert.equal(text(await call('strict__read_text_file', { path: path.join(docs, 'note.txt') })), 'a note');
  assert.ok(!(await call('strict__write_file', { path: path.join(docs, 'new.txt'), content: 'new' })).isError);
  assert.equal(await readFile(path.join(docs, 'new.txt'), 'utf8'), 'new');

  const denied = await call('standard__write_file', { path: path.join(other, 'new.txt'), content: 'new' });
  assert.ok(denied.isError);
  await assert.rejects(readFile(path.join(other, 'new.txt')));
  const status = JSON.parse((await switchyard(t, gateway, ['status', 'standard', '--json'])).stdout);
  const shown = JSON.stringify(status);
  assert.ok(shown.includes(`writing ${path.join(other, 'new.txt')}`), shown);
});

test('a server that its sandbox keeps from starting is told of the sandbox', { timeout }, async (t) => {
  const why = await missing(t);
  if (why) return t.skip(`this system makes no sandbox: ${why}`);
  const folder = await temporaryFolder(t);
  const gateway = await startGateway(t, { mcpServers: { files: { ...filesystem(folder), sandbox: 'standard' } } });
  const { cause } = await until('it ended', () => server(gateway, 'files'), ({ state }) => state !== 'starting');
  assert.equal(cause.reason, 'exited');
  assert.match(cause.remedy, /^It runs in a sandbox: what it needs of your files, and of \/tmp, has to stand in "sandbox"/);
});
