// Every feature of server-everything through the gateway, with the official SDK's client: on every way in, over stdio and HTTP.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectStdio, everything, notifications, startEverythingHttp, startGateway, text, timeless, types } from './support.mjs';
import { waysTo } from './ways.mjs';

const timeout = 120_000;
const capabilities = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };

/** A client that can be asked everything; what it was asked is in `asked`. */
function person(name) {
  const asked = { sampling: [], elicitation: [], roots: 0 };
  const prepare = (client) => {
    client.setRequestHandler(types.CreateMessageRequestSchema, ({ params }) => {
      asked.sampling.push(params);
      return { role: 'assistant', model: 'test-model', content: { type: 'text', text: `the answer of ${name}` } };
    });
    client.setRequestHandler(types.ElicitRequestSchema, ({ params }) => {
      asked.elicitation.push(params);
      return params.mode === 'url' ? { action: 'accept' } : { action: 'accept', content: { name, check: true } };
    });
    client.setRequestHandler(types.ListRootsRequestSchema, () => {
      asked.roots += 1;
      return { roots: [{ uri: `file:///home/${name}`, name: `home of ${name}` }] };
    });
  };
  return { asked, options: { name, capabilities, prepare } };
}

const upstreams = {
  stdio: async () => everything,
  HTTP: async (t) => ({ url: await startEverythingHttp(t) }),
};

async function serverItself(t) {
  return connectStdio(t, everything.command, everything.args, person('itself').options);
}

// Lists of several servers are in an order of the gateway's own.
const sorted = (entries) => entries.toSorted((left, right) => (left.name < right.name ? -1 : 1));

async function checkResources(client, direct) {
  const listed = await client.listResources();
  assert.deepEqual(sorted(listed.resources), sorted((await direct.listResources()).resources));
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.deepEqual(sorted(resourceTemplates), sorted((await direct.listResourceTemplates()).resourceTemplates));
  const uris = [listed.resources[0].uri, 'demo://resource/dynamic/text/7', 'demo://resource/dynamic/blob/8'];
  for (const uri of uris) {
    const [through, itself] = await Promise.all([client.readResource({ uri }), direct.readResource({ uri })]);
    if (uri.includes('/blob/')) assert.equal(through.contents[0].uri, uri);
    else assert.deepEqual(timeless(through), timeless(itself), uri);
  }
}

async function checkPrompts(client, direct, prefix) {
  const { prompts } = await client.listPrompts();
  const own = prompts.map((prompt) => ({ ...prompt, name: prompt.name.slice(prefix.length) }));
  assert.deepEqual(sorted(own), sorted((await direct.listPrompts()).prompts));
  for (const [name, args] of [['simple-prompt'], ['args-prompt', { city: 'Bern' }], ['resource-prompt', { resourceType: 'Text', resourceId: '3' }]]) {
    const through = await client.getPrompt({ name: `${prefix}${name}`, arguments: args });
    assert.deepEqual(timeless(through), timeless(await direct.getPrompt({ name, arguments: args })), name);
  }
}

async function checkCompletion(client, prefix) {
  const ref = { type: 'ref/prompt', name: `${prefix}completable-prompt` };
  const departments = await client.complete({ ref, argument: { name: 'department', value: 'S' } });
  assert.deepEqual(departments.completion.values, ['Sales', 'Support']);
  const context = { arguments: { department: 'Sales' } };
  assert.deepEqual((await client.complete({ ref, argument: { name: 'name', value: '' }, context })).completion.values, ['David', 'Eve', 'Frank']);
  const template = { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' };
  assert.deepEqual((await client.complete({ ref: template, argument: { name: 'resourceId', value: '5' } })).completion.values, ['5']);
}

async function checkContent(client, direct, prefix) {
  const calls = [
    ['get-tiny-image', {}],
    ['get-annotated-message', { messageType: 'error', includeImage: true }],
    ['get-structured-content', { location: 'Chicago' }],
    ['get-resource-links', { count: 3 }],
    ['get-resource-reference', { resourceType: 'Text', resourceId: 2 }],
  ];
  for (const [name, args] of calls) {
    const through = await client.callTool({ name: `${prefix}${name}`, arguments: args });
    assert.deepEqual(timeless(through), timeless(await direct.callTool({ name, arguments: args })), name);
  }
}

async function checkQuestions(client, asked, name, prefix) {
  const call = async (tool, args = {}) => text(await client.callTool({ name: `${prefix}${tool}`, arguments: args }));
  assert.match(await call('trigger-sampling-request', { prompt: `a question of ${name}`, maxTokens: 20 }), new RegExp(`the answer of ${name}"`));
  assert.match(asked.sampling.at(-1).messages[0].content.text, new RegExp(`a question of ${name}$`));
  assert.match(await call('trigger-elicitation-request'), new RegExp(`Name: ${name}`));
  assert.equal(asked.elicitation.at(-1).requestedSchema.properties.integer.default, 42);
  const url = `https://example.com/${encodeURIComponent(name)}`;
  assert.match(await call('trigger-url-elicitation', { url, message: 'Open this' }), /completed the URL elicitation/);
  assert.equal(asked.elicitation.at(-1).url, url);
  assert.match(await call('get-roots-list'), /home of/);
}

// The SDK's own onprogress forgets the last step where the answer comes in the same read: it is looked at before.
async function checkProgress(client, prefix) {
  const steps = notifications(client, types.ProgressNotificationSchema);
  const call = { name: `${prefix}trigger-long-running-operation`, arguments: { duration: 0.3, steps: 3 }, _meta: { progressToken: 'mine' } };
  await client.callTool(call);
  await steps.until(({ progress }) => progress === 3, 'the last step');
  assert.deepEqual(
    steps.seen.map(({ progressToken, progress, total }) => `${progressToken} ${progress}/${total}`),
    ['mine 1/3', 'mine 2/3', 'mine 3/3'],
  );
}

for (const [upstream, start] of Object.entries(upstreams)) {
  for (const [way, { prefix, connect }] of Object.entries(waysTo('everything'))) {
    test(`all that an ${upstream} server offers works through ${way}`, { timeout }, async (t) => {
      const gateway = await startGateway(t, { mcpServers: { everything: await start(t) } });
      const { asked, options } = person('Ada');
      const [client, direct] = await Promise.all([connect(t, gateway, options), serverItself(t)]);
      await t.test('contents of results', () => checkContent(client, direct, prefix));
      await t.test('resources', () => checkResources(client, direct));
      await t.test('prompts', () => checkPrompts(client, direct, prefix));
      await t.test('completion', () => checkCompletion(client, prefix));
      await t.test('sampling, elicitation, roots', () => checkQuestions(client, asked, 'Ada', prefix));
      await t.test('progress', () => checkProgress(client, prefix));
      await t.test('logging and subscriptions', async () => {
        const updates = notifications(client, types.ResourceUpdatedNotificationSchema);
        const messages = notifications(client, types.LoggingMessageNotificationSchema);
        await client.setLoggingLevel('debug');
        const uri = 'demo://resource/dynamic/text/11';
        await client.subscribeResource({ uri });
        await messages.until(({ data }) => String(data).includes(uri), 'the log message about the subscription');
        await client.callTool({ name: `${prefix}toggle-subscriber-updates`, arguments: {} });
        await updates.until((update) => update.uri === uri, 'the update of the resource');
        await client.unsubscribeResource({ uri });
      });
    });
  }
}
