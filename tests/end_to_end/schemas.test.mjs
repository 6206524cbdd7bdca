// Messages adapted to an older revision against that revision's official JSON schema. The schemas of 2025-03-26 and later lie in the
// official suite's package; SWITCHYARD_MCP_SCHEMAS, the folder `schema` of the specification's repository, brings all of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import vm from 'node:vm';

import { binary, root } from './support.mjs';

const require = createRequire(path.join(root, 'tests/npm/package.json'));
const Ajv = require('ajv').default;
const Ajv2020 = require('ajv/dist/2020.js').default;
const addFormats = require('ajv-formats').default;

const older = ['2024-11-05', '2025-03-26', '2025-06-18'];

/** The end of the object literal that begins at `begin`. */
function literalEnd(source, begin) {
  let quote = null;
  for (let at = begin, depth = 0; at < source.length; at++) {
    const c = source[at];
    if (quote !== null) {
      if (c === '\\') at++;
      else if (c === quote) quote = null;
    } else if ('`"\''.includes(c)) quote = c;
    else if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return at + 1;
  }
  throw new Error('an object literal without an end');
}

/** The schemas within the suite's bundle, which exports none of them. */
function bundledSchemas() {
  const bundle = path.join(root, 'tests/npm/node_modules/@modelcontextprotocol/conformance/dist/index.js');
  const source = readFileSync(bundle, 'utf8');
  const schemas = new Map();
  for (let at = 0; (at = source.indexOf('={$schema:`http', at)) >= 0; ) {
    const end = literalEnd(source, at + 1);
    const schema = vm.runInNewContext(`(${source.slice(at + 1, end)})`);
    const named = JSON.stringify(schema).match(/specification\/(\d{4}-\d\d-\d\d)\//);
    if (named) schemas.set(named[1], schema);
    else if (schema.definitions?.JSONRPCBatchRequest) schemas.set('2025-03-26', schema);
    at = end;
  }
  return schemas;
}

function officialSchemas() {
  const schemas = bundledSchemas();
  const folder = process.env.SWITCHYARD_MCP_SCHEMAS;
  for (const revision of folder ? [...older, '2025-11-25'] : []) {
    const file = path.join(folder, revision, 'schema.json');
    if (existsSync(file)) schemas.set(revision, JSON.parse(readFileSync(file, 'utf8')));
  }
  return schemas;
}

/** Lets through no member that the schema does not name, so that what a later revision brought is found. */
function close(schema) {
  if (Array.isArray(schema)) return schema.forEach(close);
  if (schema === null || typeof schema !== 'object') return;
  const open = ['_meta', 'metadata', 'inputSchema', 'outputSchema', 'capabilities'];
  for (const [key, value] of Object.entries(schema)) if (!open.includes(key)) close(value);
  if (schema.properties && schema.additionalProperties === undefined && !schema.allOf) schema.additionalProperties = false;
}

function validators(schema) {
  const closed = structuredClone(JSON.parse(JSON.stringify(schema)));
  const key = closed.$defs ? '$defs' : 'definitions';
  // The published files say integer where schema.ts says number.
  for (const name of ['minimum', 'maximum', 'default']) {
    const found = closed[key].NumberSchema?.properties?.[name];
    if (found) found.type = 'number';
  }
  Object.values(closed[key]).forEach(close);
  for (const [name, definition] of Object.entries(closed[key])) {
    // A result may have any member; those here have none but the named.
    if (name.endsWith('Result') && definition.properties) definition.additionalProperties = false;
    // What every message has is not said again in the definitions of older revisions.
    if (!definition.properties?.method) continue;
    Object.assign(definition.properties, { jsonrpc: { const: '2.0' }, id: {} });
    Object.assign(definition.properties.params?.properties ?? {}, { _meta: { type: 'object' } });
  }
  const ajv = new (key === '$defs' ? Ajv2020 : Ajv)({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addFormat('byte', true);
  ajv.addFormat('uri-template', true);
  ajv.addSchema({ ...closed, $id: 'mcp://schema' });
  return (type) => ajv.getSchema(`mcp://schema#/${key}/${type}`);
}

const annotations = { audience: ['user'], priority: 0.5, lastModified: '2025-01-12T15:00:58Z' };
const icons = [{ src: 'https://a.example/i.png', mimeType: 'image/png', sizes: ['48x48'], theme: 'dark' }];
const own = { title: 'T', icons, _meta: { 'a.example/k': 1 } };
const link = { type: 'resource_link', uri: 'file:///a', name: 'n', description: 'd', mimeType: 'text/plain', size: 5, annotations, ...own };
const contents = { uri: 'file:///a', mimeType: 'text/plain', text: 't', _meta: {} };
const blocks = [
  { type: 'text', text: 't', annotations, _meta: {} },
  { type: 'image', data: 'AA==', mimeType: 'image/png', annotations, _meta: {} },
  { type: 'audio', data: 'AAAA', mimeType: 'audio/wav', annotations, _meta: {} },
  { type: 'resource', resource: contents, annotations, _meta: {} },
  link,
];
const schemaOf = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: {}, required: [] };
const tool = {
  name: 't',
  description: 'd',
  inputSchema: schemaOf,
  outputSchema: schemaOf,
  execution: { taskSupport: 'optional' },
  annotations: { readOnlyHint: true },
  ...own,
};
const resource = { uri: 'file:///a', name: 'n', description: 'd', mimeType: 'text/plain', size: 5, annotations, ...own };
const template = { uriTemplate: 'file:///{a}', name: 'n', description: 'd', mimeType: 'text/plain', annotations, ...own };
const prompt = { name: 'p', description: 'd', arguments: [{ name: 'a', title: 'A', description: 'd', required: true }], ...own };
const choices = [
  { const: 'a', title: 'A' },
  { const: 'b', title: 'B' },
];
const fields = {
  text: { type: 'string', title: 't', description: 'd', minLength: 1, maxLength: 5, format: 'email', default: 'a@b.example' },
  number: { type: 'number', minimum: 0.5, maximum: 9, default: 1 },
  flag: { type: 'boolean', default: true },
  one: { type: 'string', oneOf: choices, default: 'a' },
  plain: { type: 'string', enum: ['a'], default: 'a' },
  named: { type: 'string', enum: ['a'], enumNames: ['A'] },
  many: { type: 'array', minItems: 1, maxItems: 2, items: { anyOf: choices }, default: ['a'] },
  several: { type: 'array', items: { type: 'string', enum: ['a'] } },
};
const related = { 'io.modelcontextprotocol/related-task': { taskId: 't' } };
const picture = { type: 'image', data: 'AA==', mimeType: 'image/png', _meta: {} };

// What has every member that the latest revision knows. `type` is the definition its answer, or its request, has to meet.
const messages = [
  { kind: 'result', method: 'tools/list', type: 'ListToolsResult', value: { tools: [tool, { name: 'u', title: 'U', inputSchema: schemaOf }], nextCursor: 'c' } },
  { kind: 'result', method: 'prompts/list', type: 'ListPromptsResult', value: { prompts: [prompt], _meta: related } },
  { kind: 'result', method: 'resources/list', type: 'ListResourcesResult', value: { resources: [resource] } },
  { kind: 'result', method: 'resources/templates/list', type: 'ListResourceTemplatesResult', value: { resourceTemplates: [template] } },
  { kind: 'result', method: 'resources/read', type: 'ReadResourceResult', value: { contents: [contents, { uri: 'file:///b', blob: 'AA==', _meta: {} }] } },
  { kind: 'result', method: 'tools/call', type: 'CallToolResult', value: { content: blocks, structuredContent: { a: 1 }, isError: false } },
  { kind: 'result', method: 'tools/call', type: 'CallToolResult', value: { content: [link], structuredContent: { a: 1 } } },
  { kind: 'result', method: 'prompts/get', type: 'GetPromptResult', value: { description: 'd', messages: blocks.map((content) => ({ role: 'user', content })) } },
  { kind: 'result', method: 'completion/complete', type: 'CompleteResult', value: { completion: { values: ['a'], total: 1, hasMore: false } } },
  {
    kind: 'result',
    method: 'initialize',
    type: 'InitializeResult',
    value: {
      protocolVersion: 'x',
      capabilities: { logging: {}, completions: {}, tools: { listChanged: true }, tasks: { list: {} } },
      serverInfo: { name: 'n', title: 'T', version: '1', icons, description: 'd', websiteUrl: 'https://a.example' },
      instructions: 'i',
    },
  },
  { kind: 'request', method: 'tools/call', type: 'CallToolRequest', value: { name: 't', arguments: { a: 1 }, task: { ttl: 5 }, _meta: { progressToken: 1, ...related } } },
  {
    kind: 'request',
    method: 'completion/complete',
    type: 'CompleteRequest',
    value: { ref: { type: 'ref/prompt', name: 'p', title: 'P' }, argument: { name: 'a', value: 'v' }, context: { arguments: { b: 'c' } } },
  },
  {
    kind: 'server_request',
    method: 'sampling/createMessage',
    type: 'CreateMessageRequest',
    value: { messages: [{ role: 'user', content: [blocks[0], picture], _meta: {} }], maxTokens: 5, systemPrompt: 's', task: { ttl: 1 } },
  },
  {
    kind: 'server_request',
    method: 'elicitation/create',
    type: 'ElicitRequest',
    since: '2025-06-18',
    value: { mode: 'form', message: 'm', requestedSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: fields, required: ['text'] }, task: { ttl: 1 } },
  },
  { kind: 'client_result', method: 'sampling/createMessage', type: 'CreateMessageResult', value: { role: 'assistant', model: 'm', content: [blocks[0], picture] } },
  { kind: 'client_result', method: 'sampling/createMessage', type: 'CreateMessageResult', value: { role: 'assistant', model: 'm', content: blocks[2] } },
  { kind: 'client_result', method: 'roots/list', type: 'ListRootsResult', value: { roots: [{ uri: 'file:///a', name: 'n', _meta: {} }] } },
  { kind: 'notification', method: 'notifications/progress', type: 'ProgressNotification', value: { progressToken: 1, progress: 0.5, total: 1, message: 'm' } },
  { kind: 'notification', method: 'notifications/message', type: 'LoggingMessageNotification', value: { level: 'notice', logger: 'l', data: { a: 1 } } },
];

/** What readers of revision `to` get in the place of these messages. */
function adapt(list, to) {
  const input = list.map(({ kind, method, value }) => JSON.stringify({ kind, method, to, value })).join('\n');
  const ran = spawnSync(path.join(path.dirname(binary), 'adapt_message'), { input, encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
}

/** The whole message, as the schema's definitions of requests want it. */
function framed({ kind, method }, value) {
  if (kind.endsWith('result')) return value;
  return kind === 'notification' ? { jsonrpc: '2.0', method, params: value } : { jsonrpc: '2.0', id: 1, method, params: value };
}

function check(validate, message, value) {
  const valid = validate(value);
  assert.ok(valid, `${message.method}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(value)}`);
}

const schemas = officialSchemas();

test('the messages are those of the latest revision', () => {
  const validatorOf = validators(schemas.get('2025-11-25'));
  for (const message of messages) check(validatorOf(message.type), message, framed(message, message.value));
});

// The package lacks the schema of the first revision: that one is only checked where the folder is given.
for (const revision of older.filter((each) => each !== '2024-11-05' || process.env.SWITCHYARD_MCP_SCHEMAS)) {
  test(`adapted messages meet the schema of ${revision}`, () => {
    assert.ok(schemas.has(revision), `there is no schema of ${revision}`);
    const validatorOf = validators(schemas.get(revision));
    assert.equal(validatorOf('ListToolsResult')(messages[0].value), false, 'the check lets everything through');
    const known = messages.filter(({ since }) => since === undefined || since <= revision);
    adapt(known, revision).forEach((adapted, i) => {
      assert.equal(adapted.refused, undefined, `${known[i].method}: ${adapted.refused}`);
      check(validatorOf(known[i].type), known[i], framed(known[i], adapted.value));
    });
    const rest = messages.filter((message) => !known.includes(message));
    if (rest.length > 0) assert.ok(adapt(rest, revision).every(({ refused }) => refused !== undefined));
  });
}
