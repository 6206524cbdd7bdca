// Two validators behind one face: ours (the program schema_check) and ajv.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';

import { binary, root } from '../support.mjs';

const require = createRequire(path.join(root, 'tests/npm/package.json'));
const { Ajv } = require('ajv');
const { Ajv2020 } = require('ajv/dist/2020.js');

export const dialects = {
  '2020-12': { ajv: Ajv2020, uri: 'https://json-schema.org/draft/2020-12/schema' },
  'draft-07': { ajv: Ajv, uri: 'http://json-schema.org/draft-07/schema#' },
};

/** Asks ours for all questions ({ schema, instances } as JSON texts) at once; the answers come in their order. */
export async function askOurs(questions, args = []) {
  const child = spawn(path.join(path.dirname(binary), 'schema_check'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {});
  child.stdin.end(questions.map((question) => `{"schema":${question.schema},"instances":[${question.instances.join(',')}]}\n`).join(''));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  const [code, signal] = await once(child, 'close');
  const answers = output.split('\n').slice(0, -1).map(JSON.parse);
  if (code !== 0 || answers.length !== questions.length) {
    const next = questions[answers.length];
    throw new Error(`schema_check ended with ${signal ?? code} at ${next?.schema} for ${next?.instances}`);
  }
  return answers;
}

/** The same question to ajv. */
export function askAjv(dialect, question) {
  const ajv = new dialects[dialect].ajv({ strict: false, validateFormats: false, logger: false });
  let validate;
  try {
    validate = ajv.compile(JSON.parse(question.schema));
  } catch (error) {
    return { error: error.message };
  }
  return {
    results: question.instances.map((instance) => {
      try {
        return validate(JSON.parse(instance));
      } catch (error) {
        return error instanceof RangeError ? 'endless' : error.message;
      }
    }),
  };
}
