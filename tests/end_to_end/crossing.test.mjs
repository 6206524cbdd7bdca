// Several clients at once on the same servers: what belongs to one never reaches another.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectHttp, fixture, notifications, startFixtureHttp, startGateway, text, types } from './support.mjs';
import { waysTo } from './ways.mjs';

const timeout = 120_000;
const everyCapability = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
const people = ['Ada', 'Bea', 'Cy'];
const servers = ['over_stdio', 'over_http'];

async function startBoth(t, args) {
  const url = await startFixtureHttp(t, args);
  return startGateway(t, { mcpServers: { over_stdio: { ...fixture, args: [...fixture.args, ...(args ?? [])] }, over_http: { url } } });
}

/** Lets nobody through before `count` have come: what waits here is open at the same time. */
function meeting(count) {
  let open;
  const all = new Promise((resolve) => {
    open = resolve;
  });
  return async () => {
    count -= 1;
    if (count === 0) open();
    await all;
  };
}

const call = async (client, name, args = {}, options) => text(await client.callTool({ name, arguments: args }, undefined, options));
const observed = async (client, server) => JSON.parse(await call(client, `${server}__test_observed`));

/** Asks the server until what it has seen `matches`: there is no event for what happens there. */
async function untilObserved(client, server, matches) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const seen = await observed(client, server);
    if (matches(seen)) return seen;
    assert.ok(Date.now() < deadline, `the server has only seen ${JSON.stringify(seen)}`);
  }
}

/** Asks again after every notification until `holds`: a list may also have changed for another reason, before. */
async function untilTold(told, holds, what) {
  for (let count = 0; ; ) {
    await told.until((_, index) => index >= count, what);
    count = told.seen.length;
    if (await holds()) return;
  }
}

for (const server of servers) {
  test(`questions of ${server} reach the client whose call they belong to, whichever way it came`, { timeout }, async (t) => {
    const gateway = await startBoth(t);
    const ways = Object.values(waysTo(server));
    const meet = meeting(ways.length);
    const ask = async ({ prefix, connect }, index) => {
      const name = `client ${index}`;
      const prepare = (client) =>
        client.setRequestHandler(types.ElicitRequestSchema, async ({ params }) => {
          await meet();
          return { action: 'accept', content: { username: `${name} was asked: ${params.message}`, email: 'a@example.com' } };
        });
      const client = await connect(t, gateway, { name, capabilities: everyCapability, prepare });
      // Where there are several servers, the person is told which one asks.
      const said = prefix === '' ? 'a question' : `\\[${server}\\] a question`;
      assert.match(await call(client, `${prefix}test_elicitation`, { message: `a question for ${name}` }), new RegExp(`${name} was asked: ${said} for ${name}"`));
    };
    await Promise.all(ways.map(ask));
  });

  test(`a client without a capability is not asked by ${server}, whatever others can`, { timeout }, async (t) => {
    const gateway = await startBoth(t);
    const prepare = (client) =>
      client.setRequestHandler(types.CreateMessageRequestSchema, () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'mine' } }));
    const [able, unable] = await Promise.all([
      connectHttp(t, `${gateway.origin}/mcp`, { capabilities: { sampling: {} }, prepare }),
      connectHttp(t, `${gateway.origin}/mcp`),
    ]);
    const name = `${server}__test_sampling`;
    const [ofAble, ofUnable] = await Promise.all([call(able, name, { prompt: 'x' }), call(unable, name, { prompt: 'x' })]);
    assert.equal(ofAble, 'LLM response: mine');
    assert.match(ofUnable, /does not support sampling/);
  });

  test(`a cancellation reaches the one call of ${server} it means`, { timeout }, async (t) => {
    const gateway = await startBoth(t);
    const [first, second, watcher] = await Promise.all(people.map((name) => connectHttp(t, `${gateway.origin}/mcp`, { name })));
    const wait = (client, reason) => {
      const abort = new AbortController();
      const ended = assert.rejects(call(client, `${server}__test_wait`, {}, { signal: abort.signal }));
      return { cancel: () => abort.abort(reason), ended };
    };
    const [mine, other] = [wait(first, 'enough of mine'), wait(second, 'enough of the other')];
    await untilObserved(watcher, server, ({ waiting }) => waiting === 2);
    mine.cancel();
    await mine.ended;
    assert.deepEqual((await untilObserved(watcher, server, ({ cancelled }) => cancelled.length > 0)).cancelled.length, 1);
    other.cancel();
    await other.ended;
    await untilObserved(watcher, server, ({ cancelled }) => cancelled.length === 2);
  });

  test(`updates of ${server} reach who subscribed, until nobody does`, { timeout }, async (t) => {
    const gateway = await startBoth(t);
    const uri = 'test://watched-resource';
    // Both servers have it: one alone, so that the URI is the server's own.
    const [subscriber, other] = await Promise.all(people.slice(1).map((name) => connectHttp(t, `${gateway.origin}/mcp/servers/${server}`, { name })));
    const updates = [subscriber, other].map((client) => notifications(client, types.ResourceUpdatedNotificationSchema));
    const touch = () => call(other, 'test_touch_resource');
    await subscriber.subscribeResource({ uri });
    assert.equal(await touch(), 'told 1 sessions');
    assert.deepEqual(await updates[0].until(() => true), { uri });
    await other.subscribeResource({ uri });
    await touch();
    await updates[1].until(() => true);
    assert.equal(updates[1].seen.length, 1);
    await Promise.all([subscriber, other].map((client) => client.unsubscribeResource({ uri })));
    assert.equal(await touch(), 'told 0 sessions');
  });

  test(`changes of the lists of ${server} are told to all, and seen by all`, { timeout }, async (t) => {
    const gateway = await startBoth(t);
    const clients = await Promise.all(people.map((name) => connectHttp(t, `${gateway.origin}/mcp/servers/${server}`, { name })));
    const kinds = [
      ['tool', types.ToolListChangedNotificationSchema, async (client) => (await client.listTools()).tools.some(({ name }) => name === 'test_changing_tool')],
      ['prompt', types.PromptListChangedNotificationSchema, async (client) => (await client.listPrompts()).prompts.some(({ name }) => name === 'test_changing_prompt')],
      ['resource', types.ResourceListChangedNotificationSchema, async (client) => (await client.listResources()).resources.some(({ name }) => name === 'changing')],
    ];
    for (const [kind, schema, present] of kinds) {
      const told = clients.map((client) => notifications(client, schema));
      await call(clients[0], `test_trigger_${kind}_change`);
      await Promise.all(clients.map((client, index) => untilTold(told[index], () => present(client), `the change of ${kind}s`)));
    }
  });

  test(`progress and log messages of ${server} stay with their calls`, { timeout }, async (t) => {
    const gateway = await startBoth(t);
    const clients = await Promise.all(people.map((name) => connectHttp(t, `${gateway.origin}/mcp`, { name })));
    const progress = await Promise.all(
      clients.map(async (client) => {
        const seen = [];
        await call(client, `${server}__test_tool_with_progress`, {}, { onprogress: (step) => seen.push(step.progress) });
        return seen;
      }),
    );
    assert.deepEqual(progress, people.map(() => [0, 50, 100]));
    const messages = notifications(clients[0], types.LoggingMessageNotificationSchema);
    await clients[0].setLoggingLevel('info');
    await call(clients[0], `${server}__test_tool_with_logging`);
    await messages.until(({ data }) => data === 'Tool execution completed');
    assert.deepEqual(messages.seen.map(({ data }) => data), ['Tool execution started', 'Tool processing data', 'Tool execution completed']);
  });

  test(`${server} asks for pages to be opened, in a question and in an error`, { timeout }, async (t) => {
    const gateway = await startBoth(t);
    let asked;
    const prepare = (client) =>
      client.setRequestHandler(types.ElicitRequestSchema, ({ params }) => {
        asked = params;
        return { action: 'accept' };
      });
    const client = await connectHttp(t, `${gateway.origin}/mcp`, { capabilities: everyCapability, prepare });
    assert.match(await call(client, `${server}__test_elicitation_url`, { name: 'form' }), /action=accept/);
    assert.equal(asked.url, 'https://consent.example/form');
    await assert.rejects(call(client, `${server}__test_url_required`), (error) => {
      assert.equal(error.code, -32042);
      assert.equal(error.data.elicitations[0].url, 'https://consent.example/required');
      return true;
    });
  });

  test(`the roots of ${server}'s caller are its own`, { timeout }, async (t) => {
    const gateway = await startBoth(t);
    const connect = (name) =>
      connectHttp(t, `${gateway.origin}/mcp`, {
        name,
        capabilities: everyCapability,
        prepare: (client) => client.setRequestHandler(types.ListRootsRequestSchema, () => ({ roots: [{ uri: `file:///home/${name}` }] })),
      });
    const clients = await Promise.all(people.map(connect));
    const roots = await Promise.all(clients.map((client) => call(client, `${server}__test_list_roots`)));
    assert.deepEqual(roots.map((answer) => JSON.parse(answer)), people.map((name) => [{ uri: `file:///home/${name}` }]));
    await clients[0].sendRootsListChanged();
    await untilObserved(clients[0], server, ({ rootsChanged }) => rootsChanged > 0);
  });
}

test('lists given out in pages arrive whole, and merged', { timeout }, async (t) => {
  const [gateway, whole] = [await startBoth(t, ['--page', '2']), await startBoth(t)];
  const lists = [
    async (client) => (await client.listTools()).tools.map(({ name }) => name),
    async (client) => (await client.listPrompts()).prompts.map(({ name }) => name),
    async (client) => (await client.listResources()).resources.map(({ uri }) => uri),
  ];
  const clients = await Promise.all([gateway, whole].map(({ origin }) => connectHttp(t, `${origin}/mcp`)));
  for (const list of lists) {
    const [paged, at_once] = await Promise.all(clients.map(list));
    assert.deepEqual(paged, at_once);
    assert.ok(paged.length > 2);
  }
});
