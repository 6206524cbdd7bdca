// Our JSON Schema validator beside ajv: on cases written by hand, each with the outcome that the specification wants, and on random
// ones. SWITCHYARD_SCHEMA_SEED and SWITCHYARD_SCHEMA_COUNT choose other random schemas, and how many.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cases } from './schema/cases.mjs';
import { deviations } from './schema/deviations.mjs';
import { Generator, randomSource } from './schema/random_schemas.mjs';
import { askAjv, askOurs, dialects } from './schema/validators.mjs';

const seed = Number(process.env.SWITCHYARD_SCHEMA_SEED ?? 20201207);
const count = Number(process.env.SWITCHYARD_SCHEMA_COUNT ?? 300);
const instancesEach = 20;
const timeout = 300_000;

const dialectOf = (item) => item.dialect ?? '2020-12';

function questionOf(item) {
  const schema = JSON.stringify({ $schema: dialects[dialectOf(item)].uri, ...item.schema });
  const instances = [...(item.valid ?? []), ...(item.invalid ?? [])].map((value) => JSON.stringify(value));
  return { schema, instances };
}

const wanted = (item) => [...(item.valid ?? []).map(() => true), ...(item.invalid ?? []).map(() => false)];

test('cases written by hand have the outcome the specification wants', { timeout }, async () => {
  const questions = cases.map(questionOf);
  const answers = await askOurs(questions);
  cases.forEach((item, i) => {
    assert.deepEqual(answers[i].results, wanted(item), `ours: ${item.name} ${JSON.stringify(answers[i])}`);
    assert.equal(answers[i].notes, 0, item.name);
    assert.deepEqual(askAjv(dialectOf(item), questions[i]).results, wanted(item), `ajv: ${item.name}`);
  });
});

test('where ajv deviates from the specification, we do not', { timeout }, async () => {
  const questions = deviations.map(questionOf);
  const answers = await askOurs(questions);
  deviations.forEach((item, i) => {
    assert.deepEqual(answers[i].results, wanted(item), `ours: ${item.why}`);
    assert.notDeepEqual(askAjv(dialectOf(item), questions[i]).results, wanted(item), `ajv no longer: ${item.why}`);
  });
});

function randomQuestions(dialect) {
  const generator = new Generator(randomSource(seed), dialect);
  return Array.from({ length: count }, () => {
    const schema = { $schema: dialects[dialect].uri, ...generator.document() };
    const instances = generator.instances(schema, instancesEach).map((value) => JSON.stringify(value));
    return { schema: JSON.stringify(schema), instances };
  });
}

/** Where the two differ, as lines for people. A schema that refers to itself without end has no outcome. */
function differences(question, ours, theirs) {
  // What it writes out in full may be endless.
  if (/call stack/.test(theirs.error)) return [];
  if (ours.error || theirs.error) return [`ours ${ours.error ?? 'compiles'}, ajv ${theirs.error ?? 'compiles'}: ${question.schema}`];
  const differ = (mine, other) => typeof mine === 'boolean' && typeof other === 'boolean' && mine !== other;
  return question.instances.flatMap((instance, i) => {
    if (!differ(ours.results[i], theirs.results[i])) return [];
    return [`ours ${ours.results[i]}, ajv ${theirs.results[i]}: ${instance} under ${question.schema}`];
  });
}

for (const dialect of Object.keys(dialects)) {
  test(`random schemas of ${dialect} mean what they mean to ajv (seed ${seed})`, { timeout }, async () => {
    const questions = randomQuestions(dialect);
    const answers = await askOurs(questions);
    const found = questions.flatMap((question, i) => differences(question, answers[i], askAjv(dialect, question)));
    const outcomes = answers.flatMap((answer) => answer.results ?? []);
    const valid = outcomes.filter((outcome) => outcome === true).length;
    // Where nearly all is valid, or nearly nothing, little is compared.
    assert.ok(valid > outcomes.length / 10 && valid < (outcomes.length * 9) / 10, `${valid} of ${outcomes.length} are valid`);
    assert.deepEqual(found.slice(0, 5), [], `${found.length} differences`);
  });
}
