// Many clients at once, each with a session and a connection of its own, who count what they are answered.
import assert from 'node:assert/strict';
import http from 'node:http';

/** The messages of an answer to a POST: one JSON document, or the events of a stream. */
function messages(type, body) {
  if (!type.startsWith('text/event-stream')) return [JSON.parse(body)];
  return body
    .split(/\r?\n\r?\n/)
    .map((event) => event.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()).join('\n'))
    .filter((data) => data !== '')
    .map((data) => JSON.parse(data));
}

export class CrowdClient {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  #session;
  #lastId = 0;

  constructor(origin) {
    this.url = new URL('/mcp', origin);
  }

  #post(message) {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(this.#session && { 'mcp-session-id': this.#session }),
    };
    return new Promise((resolve, reject) => {
      const request = http.request(this.url, { method: 'POST', headers, agent: this.#agent }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        answer.once('error', reject).once('end', () => resolve({ answer, body }));
      });
      request.once('error', reject);
      request.end(JSON.stringify({ jsonrpc: '2.0', ...message }));
    });
  }

  async open() {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'crowd', version: '1' } };
    const { answer } = await this.#post({ id: 0, method: 'initialize', params });
    assert.equal(answer.statusCode, 200);
    this.#session = answer.headers['mcp-session-id'];
    await this.#post({ method: 'notifications/initialized' });
    return this;
  }

  close() {
    this.#agent.destroy();
  }

  /** Calls a tool: what it said, or the reason of the typed error; anything else is an error of the test. */
  async call(tool, text) {
    const id = ++this.#lastId;
    const began = performance.now();
    const { answer, body } = await this.#post({ id, method: 'tools/call', params: { name: tool, arguments: { text } } });
    const ms = performance.now() - began;
    assert.equal(answer.statusCode, 200, body);
    const all = messages(answer.headers['content-type'], body);
    const answers = all.filter((message) => message.id === id);
    assert.equal(answers.length, 1, `one answer to ${tool}, not ${body}`);
    assert.equal(all.filter((message) => 'id' in message && message.id !== id).length, 0, body);
    const { result, error } = answers[0];
    const reason = error ? error.data?.reason : result.isError ? result._meta?.['switchyard/error']?.reason : undefined;
    if (error || result.isError) assert.ok(reason, `a typed error, not ${body}`);
    return { ms, reason, said: result?.content?.[0]?.text };
  }
}

/** So many clients of a gateway, their sessions opened. */
export async function crowd(t, gateway, count) {
  const clients = await Promise.all(Array.from({ length: count }, () => new CrowdClient(gateway.origin).open()));
  t.after(() => clients.forEach((client) => client.close()));
  return clients;
}

export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
