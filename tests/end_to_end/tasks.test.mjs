// Tasks of 2025-11-25 through the gateway, with the official SDK's client and a server on the official SDK.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectHttp, fixture, startFixtureHttp, startGateway, text, types } from './support.mjs';

const timeout = 120_000;
const upstreams = { stdio: async () => fixture, HTTP: async (t) => ({ url: await startFixtureHttp(t) }) };

/** Runs a tool as a task: { taskId, statuses it went through, result or error }. */
async function runTask(client, name, args = {}) {
  const run = { statuses: [] };
  const stream = client.experimental.tasks.callToolStream({ name, arguments: args }, types.CallToolResultSchema, { task: { ttl: 60_000 } });
  for await (const message of stream) {
    if (message.type === 'taskCreated') run.taskId = message.task.taskId;
    if (message.type === 'taskStatus') run.statuses.push(message.task.status);
    if (message.type === 'result') run.result = message.result;
    if (message.type === 'error') run.error = message.error;
  }
  return run;
}

for (const [upstream, start] of Object.entries(upstreams)) {
  test(`a tool of an ${upstream} server runs as a task, and the task is its client's alone`, { timeout }, async (t) => {
    const gateway = await startGateway(t, { mcpServers: { fixture: await start(t) } });
    const [client, stranger] = await Promise.all([1, 2].map(() => connectHttp(t, `${gateway.origin}/mcp`)));
    const run = await runTask(client, 'fixture__test_tool_with_task');
    assert.equal(run.error, undefined);
    assert.equal(text(run.result), 'Task completed');
    assert.equal((await client.experimental.tasks.getTask(run.taskId)).status, 'completed');
    assert.ok((await client.experimental.tasks.listTasks()).tasks.some(({ taskId }) => taskId === run.taskId));
    assert.match(run.taskId, /^[0-9a-f]{32}$/);
    const refused = { code: types.ErrorCode.InvalidParams };
    await assert.rejects(stranger.experimental.tasks.getTask(run.taskId), refused);
    await assert.rejects(stranger.experimental.tasks.getTaskResult(run.taskId, types.CallToolResultSchema), refused);
    await assert.rejects(stranger.experimental.tasks.cancelTask(run.taskId), refused);
    assert.ok(!(await stranger.experimental.tasks.listTasks()).tasks.some(({ taskId }) => taskId === run.taskId));
  });

  test(`a tool of an ${upstream} server that runs as a task only serves a client that knows none`, { timeout }, async (t) => {
    const gateway = await startGateway(t, { mcpServers: { fixture: await start(t) } });
    const client = await connectHttp(t, `${gateway.origin}/mcp`);
    assert.equal(text(await client.callTool({ name: 'fixture__test_required_task', arguments: {} })), 'Task completed');
  });

  test(`a plain call of such a tool of an ${upstream} server is cancelled with its task`, { timeout }, async (t) => {
    const gateway = await startGateway(t, { mcpServers: { fixture: await start(t) } });
    const client = await connectHttp(t, `${gateway.origin}/mcp`);
    const observed = async () => JSON.parse(text(await client.callTool({ name: 'fixture__test_observed', arguments: {} })));
    const until = async (matches) => {
      for (;;) if (matches(await observed())) return;
    };
    const abort = new AbortController();
    const call = client.callTool({ name: 'fixture__test_slow_task', arguments: {} }, undefined, { signal: abort.signal });
    const ended = assert.rejects(call);
    await until(({ waiting }) => waiting === 1);
    abort.abort();
    await ended;
    await until(({ cancelled }) => cancelled.includes('task'));
  });

  test(`a task of an ${upstream} server can be cancelled`, { timeout }, async (t) => {
    const gateway = await startGateway(t, { mcpServers: { fixture: await start(t) } });
    const client = await connectHttp(t, `${gateway.origin}/mcp`);
    const tasks = client.experimental.tasks;
    const call = { method: 'tools/call', params: { name: 'fixture__test_slow_task', arguments: {}, task: { ttl: 60_000 } } };
    const { task } = await client.request(call, types.CreateTaskResultSchema);
    assert.equal(task.status, 'working');
    assert.deepEqual((await tasks.listTasks()).tasks.map(({ taskId }) => taskId), [task.taskId]);
    assert.equal((await tasks.cancelTask(task.taskId)).status, 'cancelled');
    assert.equal((await tasks.getTask(task.taskId)).status, 'cancelled');
    await assert.rejects(tasks.cancelTask(task.taskId), { code: types.ErrorCode.InvalidParams });
  });

  test(`a task of an ${upstream} server can ask`, { timeout }, async (t) => {
    const gateway = await startGateway(t, { mcpServers: { fixture: await start(t) } });
    const client = await connectHttp(t, `${gateway.origin}/mcp`, {
      capabilities: { elicitation: {} },
      prepare: (one) =>
        one.setRequestHandler(types.ElicitRequestSchema, ({ params }) => ({
          action: 'accept',
          content: { username: params.message, email: 'a@example.com' },
        })),
    });
    const run = await runTask(client, 'fixture__test_task_elicitation', { message: 'from the task' });
    assert.equal(run.error, undefined);
    assert.match(text(run.result), /from the task/);
  });
}
