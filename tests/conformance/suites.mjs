// What is run of the official suite, and how its results are read.
import { mkdir, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Group } from './processes.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const output = path.join(root, 'build/conformance');

const modules = path.join(root, 'tests/npm/node_modules');
const current = path.join(modules, '@modelcontextprotocol/conformance/dist/index.js');
const previous = path.join(modules, 'conformance-0.1/dist/index.js');
// More than the slowest run takes where every request of it waits for its own time limit.
const runDeadline = 240_000;

/**
 * `scenarios` is how many each run has; a cell that ran fewer has failed, so that nothing drops out unseen. 2025-11-25 requires 30 of
 * its 33, here all have to pass.
 */
export const serverSuites = [
  { name: '2025-11-25', program: current, args: ['--requirements', '2025-11-25', '--timeout', '20000'], scenarios: 33 },
  {
    name: '2025-06-18',
    program: current,
    args: ['--suite', 'all', '--spec-version', '2025-06-18', '--timeout', '20000'],
    scenarios: 27,
  },
  { name: 'suite-0.1', program: previous, args: [], scenarios: 30 },
];

/** The client scenarios of 2025-11-25 that need no login. */
export const clientScenarios = [
  'initialize',
  'tools_call',
  'elicitation-sep1034-client-defaults',
  'sse-retry',
  'json-schema-2020-12-preservation',
];

const logins = [
  'metadata-default',
  'metadata-var1',
  'metadata-var2',
  'metadata-var3',
  'basic-cimd',
  'scope-from-www-authenticate',
  'scope-from-scopes-supported',
  'scope-omitted-when-undefined',
  'scope-step-up',
  'scope-retry-limit',
  'token-endpoint-auth-basic',
  'token-endpoint-auth-post',
  'token-endpoint-auth-none',
  'pre-registration',
  'client-credentials-jwt',
  'client-credentials-basic',
];

/**
 * The client scenarios about logins, of each revision: all that are scored, and of those that are not the client credentials. They are
 * run without a gateway, on the program of client-command.
 */
export const loginSuites = [
  { name: '2025-03-26', scenarios: ['2025-03-26-oauth-metadata-backcompat', '2025-03-26-oauth-endpoint-fallback'] },
  { name: '2025-11-25', scenarios: logins },
  {
    name: '2026-07-28',
    scenarios: [
      ...logins,
      'resource-mismatch',
      'offline-access-scope',
      'offline-access-not-supported',
      'authorization-server-migration',
      'iss-supported',
      'iss-not-advertised',
      'iss-supported-missing',
      'iss-wrong-issuer',
      'iss-unexpected',
      'iss-normalized',
      'metadata-issuer-mismatch',
    ],
  },
];

// The suite splits a command at spaces, so the path has to do without: relative to the root of the project.
const adapter = 'node tests/conformance/client_adapter.mjs';
const readLoginClient = async () => (await readFile(path.join(root, 'tests/conformance/client-command'), 'utf8')).trim();

async function runSuite(folder, program, args, env) {
  await mkdir(folder, { recursive: true });
  const group = new Group(path.basename(folder), process.execPath, [program, ...args, '-o', folder], {
    cwd: root,
    env: { ...process.env, ...env },
    log: path.join(folder, 'log'),
  });
  return group.finish(runDeadline);
}

/** Runs a server suite on `url`; the scenarios by name, each a list of checks. */
export async function runServerSuite(suite, url, folder) {
  await runSuite(folder, suite.program, ['server', '--url', url, ...suite.args]);
  return readResults(folder, 'server-');
}

/** Runs one client scenario; a client that did not end well is a check that failed. */
export async function runClientScenario(scenario, folder, env) {
  return runClient(adapter, scenario, '2025-11-25', folder, env);
}

/** Runs the scenarios of a login suite one after the other; by name, each a list of checks. */
export async function runLoginSuite(suite, folder) {
  const command = await readLoginClient();
  const results = new Map();
  for (const name of suite.scenarios) {
    results.set(name, await runClient(command, `auth/${name}`, suite.name, path.join(folder, name), {}));
  }
  return results;
}

async function runClient(command, scenario, revision, folder, env) {
  const args = ['client', '--command', command, '--scenario', scenario, '--spec-version', revision, '--timeout', '60000'];
  const status = await runSuite(folder, current, args, env);
  const results = await readResults(path.join(folder, path.dirname(scenario)), '');
  const checks = results.get(path.basename(scenario)) ?? [];
  const ended = status?.code === 0;
  checks.push({ id: 'exit-status', status: ended ? 'SUCCESS' : 'FAILURE', errorMessage: ended ? undefined : `the suite says ${status?.code ?? 'nothing in time'}` });
  return checks;
}

// The suite makes a folder for each scenario: its name, and the time it was run.
async function readResults(folder, prefix) {
  const results = new Map();
  for (const entry of (await readdir(folder).catch(() => [])).sort()) {
    const name = /^(.*)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(entry)?.[1];
    if (name === undefined || !name.startsWith(prefix)) continue;
    const text = await readFile(path.join(folder, entry, 'checks.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) results.set(name.slice(prefix.length), JSON.parse(text));
  }
  return results;
}
