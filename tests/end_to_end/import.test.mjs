// Import with the real program: a home folder with the files of five clients, the servers run, no secret is left in the open, and
// undo restores what was there.
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { admin, binary, connectHttp, everything, filesystem, fixture, memory, run, server, startGateway, switchyard, temporaryFolder, text, until } from './support.mjs';

const timeout = 180_000;

// Values that must show up nowhere but in the server that is to get them.
const secrets = {
  desktop: 'ghp_0123456789abcdefDESKTOP',
  code: 'tok-claude-code-0123456789',
  cursor: 'sk-cursor-0123456789abcdef',
  codex: 'codex-secret-0123456789',
};

async function put(folder, name, content) {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return file;
}

/** The files of five clients in a home folder; those files and what they hold. */
async function manyClients(home, config) {
  const project = path.join(home, 'project');
  await mkdir(project);
  const toml = (value) => JSON.stringify(value);
  const files = [
    await put(config, 'Claude/claude_desktop_config.json', {
      globalShortcut: '',
      mcpServers: { desktop: { ...everything, env: { GITHUB_TOKEN: secrets.desktop } } },
    }),
    await put(home, '.claude.json', {
      numStartups: 3,
      mcpServers: { files: { type: 'stdio', ...filesystem(project) } },
      projects: { [project]: { history: [], mcpServers: { code: { ...everything, env: { API_KEY: secrets.code } } } } },
    }),
    await put(home, '.cursor/mcp.json', {
      mcpServers: {
        files: { ...filesystem(project) },
        cursor: { ...everything, env: { OPENAI_API_KEY: secrets.cursor, FROM: '${env:FROM_OUTSIDE}' } },
      },
    }),
    await put(
      config,
      'Code/User/mcp.json',
      `{
  // VS Code asks for this one
  "inputs": [{ "type": "promptString", "id": "answer", "description": "The answer", "password": true }],
  "servers": { "vscode": { "type": "stdio", "command": ${JSON.stringify(everything.command)}, "args": ${JSON.stringify(everything.args)},
    "env": { "ANSWER": "\${input:answer}" } }, },
}`,
    ),
    await put(
      home,
      '.codex/config.toml',
      `model = "gpt-5"

[mcp_servers.codex]
command = ${toml(fixture.command)}
args = ${toml(fixture.args)}
enabled_tools = ["*"]
env = { SOME_TOKEN = ${toml(secrets.codex)} }

[mcp_servers.notes]
command = ${toml(memory('x').command)}
args = ${toml(memory('x').args)}
enabled = false
`,
    ),
  ];
  return { project, files };
}

/** Everything in a folder, as one text. */
async function allText(folder) {
  let all = '';
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) all += await readFile(path.join(entry.parentPath ?? entry.path, entry.name), 'latin1');
  }
  return all;
}

function holdsNoSecret(what, all) {
  for (const [name, secret] of Object.entries(secrets)) assert.ok(!all.includes(secret), `${what} holds the secret of ${name}`);
}

async function environmentOf(client, name) {
  return JSON.parse(text(await client.callTool({ name: `${name}__get-env`, arguments: {} })));
}

test('the servers of five clients run, and no secret is in the open', { timeout }, async (t) => {
  const home = await temporaryFolder(t);
  const gateway = await startGateway(
    t,
    { listen: '127.0.0.1:0', admin: '127.0.0.1:0', mcpServers: {} },
    { folder: home, env: { FROM_OUTSIDE: 'outside' } },
  );
  const { files } = await manyClients(home, path.join(home, 'config'));
  const before = `// mine
{
  "listen": "127.0.0.1:0", "admin": "127.0.0.1:0", // any
  "mcpServers": {
    "mine": ${JSON.stringify(fixture)}, // stays
  },
}
`;
  await writeFile(gateway.file, before);
  const originals = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const said = [];
  const command = async (...args) => {
    const outcome = await switchyard(t, gateway, args);
    said.push(outcome.stdout, outcome.stderr);
    return outcome;
  };

  const shown = await command('import');
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /desktop\s+add\s/);
  assert.match(shown.stdout, /files\s+same\s+the same as that of Claude Code/);
  assert.match(shown.stdout, /secret: env\.GITHUB_TOKEN goes into the store, as DESKTOP_GITHUB_TOKEN/);
  assert.match(shown.stdout, /before it runs: switchyard secret set ANSWER \(VS Code asks for it: The answer\)/);
  assert.match(shown.stdout, /notes\s+add, switched off/);
  assert.match(shown.stderr, /nothing was changed; do it with: switchyard import --yes/);
  assert.equal(await readFile(gateway.file, 'utf8'), before);

  const done = await command('import', '--yes');
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /Added desktop, files, code, cursor, vscode, codex, notes to /);
  assert.match(done.stdout, /The running gateway takes it up by itself/);
  const config = await readFile(gateway.file, 'utf8');
  assert.ok(config.startsWith('// mine\n'));
  assert.match(config, /"GITHUB_TOKEN": "\$\{secret:DESKTOP_GITHUB_TOKEN\}"/);
  holdsNoSecret('the configuration', config);
  holdsNoSecret('the state folder', await allText(gateway.state));

  for (const name of ['mine', 'desktop', 'files', 'code', 'cursor', 'codex']) {
    await until(name, () => server(gateway, name), (one) => one?.state === 'ready');
  }
  assert.equal((await server(gateway, 'notes')).state, 'disabled');
  // One that lacks a secret says which, and what to do.
  const lacking = await until('vscode', () => server(gateway, 'vscode'), (one) => one?.state === 'broken');
  assert.match(lacking.cause.message, /switchyard secret set ANSWER/);

  const client = await connectHttp(t, `${gateway.origin}/mcp`);
  assert.equal((await environmentOf(client, 'desktop')).GITHUB_TOKEN, secrets.desktop);
  assert.equal((await environmentOf(client, 'code')).API_KEY, secrets.code);
  const cursor = await environmentOf(client, 'cursor');
  assert.equal(cursor.OPENAI_API_KEY, secrets.cursor);
  assert.equal(cursor.FROM, 'outside');

  const set = await run(t, binary, ['secret', ...gateway.common, 'set', 'ANSWER'], { env: gateway.environment, input: 'forty-two\n' });
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stdout, /Stored ANSWER\. Servers that use it: vscode\.\nThe running gateway has taken it up/);
  await until('vscode', () => server(gateway, 'vscode'), (one) => one?.state === 'ready');
  assert.equal((await environmentOf(client, 'vscode')).ANSWER, 'forty-two');

  const again = await command('import', '--yes');
  assert.match(again.stdout, /There is nothing to add/);
  const listed = await command('secret', 'list');
  assert.match(listed.stdout, /CODEX_SOME_TOKEN\s+yes\s+codex/);

  const undone = await command('import', '--undo', '--yes');
  assert.equal(undone.code, 0, undone.stderr);
  assert.match(undone.stdout, /which is as it was before\./);
  assert.equal(await readFile(gateway.file, 'utf8'), before);
  const left = JSON.parse((await command('secret', 'list', '--json')).stdout);
  assert.deepEqual(left.secrets.map(({ name }) => name), ['ANSWER']);
  await until('end', async () => (await admin(gateway, 'GET', '/api/v1/servers')).body.servers, (all) => all.length === 1);

  for (const [i, file] of files.entries()) assert.equal(await readFile(file, 'utf8'), originals[i], file);
  holdsNoSecret('what was printed', said.join('\n'));
  holdsNoSecret('what the gateway says', gateway.program.stderr);
});
