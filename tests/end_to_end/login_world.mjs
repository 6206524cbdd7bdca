// A gateway, with its server `notes` that wants a login at a real authorization server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { makeBrowser, startAuthorizationServer, startProtectedServer } from './oauth_world.mjs';
import { binary, server, startGateway, switchyard, temporaryFolder, until } from './support.mjs';

export const timeout = 120_000;

export async function world(t, { ttl, entry = {}, as = {}, rs = {}, others = {}, args, env = {} } = {}) {
  const authorization = await startAuthorizationServer(t, { ttl, ...as });
  const resource = await startProtectedServer(t, authorization, rs);
  const folder = await temporaryFolder(t);
  const browser = await makeBrowser(folder);
  const own = typeof entry === 'function' ? entry(authorization) : entry;
  const config = { mcpServers: { notes: { url: resource.url, ...own }, ...others }, listen: '127.0.0.1:0' };
  const gateway = await startGateway(t, config, { folder, env: { BROWSER: browser, ...env }, args });
  return { authorization, resource, gateway, folder, browser };
}

export const login = (t, gateway, args = []) => switchyard(t, gateway, ['login', 'notes', ...args]);
export const state = async (gateway) => (await server(gateway, 'notes')).state;
export const ready = (gateway) => until('notes is ready', () => state(gateway), (now) => now === 'ready');

/** A command that goes on while the test does something: its first line of output that `matches`, and its end. */
export function begin(t, gateway, args) {
  const child = spawn(binary, [args[0], ...gateway.common, ...args.slice(1)], { env: gateway.environment });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (more) => { output[name] += more; });
  const ended = once(child, 'close').then(([code]) => ({ code, ...output }));
  t.after(() => child.kill('SIGKILL'));
  const line = (matches) => until(`${args.join(' ')} says ${matches}`, async () => output.stdout.match(matches)?.[0], (found) => found);
  return { child, ended, line };
}
