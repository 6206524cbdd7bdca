// What ajv 8 does otherwise than the specification, each with a case that shows it. The random schemas (random_schemas.mjs) leave
// these out; here ours has to give the specification's outcome, and ajv the other one: when that changes, an entry can go.
const big = (text) => JSON.rawJSON(text);

export const deviations = [
  {
    why: 'ajv divides doubles: multiples of decimals are not seen as such',
    dialect: '2020-12',
    schema: { multipleOf: 0.01 },
    valid: [4.35, 1.1],
  },
  {
    why: 'ajv takes the integer part of a large quotient with parseInt, which reads "5e+299" as 5',
    dialect: '2020-12',
    schema: { multipleOf: 2 },
    valid: [big('1e300')],
  },
  {
    why: 'JavaScript reads numbers as doubles: beyond 2^53 neighbours are the same',
    dialect: '2020-12',
    schema: { maximum: big('9007199254740992') },
    invalid: [big('9007199254740993')],
  },
  {
    why: 'JavaScript reads numbers as doubles: this one is rounded to an integer',
    dialect: '2020-12',
    schema: { type: 'integer' },
    invalid: [big('10000000000000000.5')],
  },
  {
    why: 'ajv evaluates what stands beside $ref in draft-07, where it has to be ignored',
    dialect: 'draft-07',
    schema: { definitions: { text: { type: 'string' } }, $ref: '#/definitions/text', maxLength: 1 },
    valid: ['long'],
  },
  {
    why: 'ajv carries the outcome of contains over to an empty array beside it',
    dialect: '2020-12',
    schema: { items: { contains: { contains: true } } },
    invalid: [[[[1]], []]],
  },
  {
    why: 'ajv: what an alternative that failed has looked at counts for unevaluatedItems',
    dialect: '2020-12',
    schema: { oneOf: [true, { items: false }], unevaluatedItems: false },
    invalid: [[1]],
  },
  {
    why: 'ajv: what contains has found with a schema that is always true does not count for unevaluatedItems',
    dialect: '2020-12',
    schema: { contains: true, unevaluatedItems: false },
    valid: [[1]],
  },
  {
    why: 'ajv: what a condition that is not met has looked at counts',
    dialect: '2020-12',
    schema: { if: { properties: { a: { const: 1 } }, required: ['a'] }, then: { maxProperties: 3 }, unevaluatedProperties: false },
    valid: [{ a: 1 }],
    invalid: [{ a: 2 }],
  },
  {
    why: 'ajv: what patternProperties and additionalProperties of an alternative that failed have looked at counts',
    dialect: '2020-12',
    schema: { anyOf: [true, { patternProperties: { '^a': false } }], unevaluatedProperties: false },
    invalid: [{ a: 1 }],
  },
  {
    why: 'ajv ignores an if without then and else, also what it has looked at',
    dialect: '2020-12',
    schema: { if: { properties: { a: true } }, unevaluatedProperties: false },
    valid: [{ a: 1 }],
  },
  {
    why: 'ajv: contains counts as having looked at everything',
    dialect: '2020-12',
    schema: { prefixItems: [true], contains: { type: 'string' }, unevaluatedItems: { type: 'null' } },
    valid: [[1, 'a', null, 'b']],
    invalid: [[1, 'a', 2]],
  },
];
