// Cases of what is easily got wrong, with the outcome that the specification wants; ajv has to agree.
const big = (text) => JSON.rawJSON(text);
const tree = {
  $id: 'https://example.com/tree',
  $dynamicAnchor: 'node',
  type: 'object',
  properties: { data: true, children: { type: 'array', items: { $dynamicRef: '#node' } } },
};

export const cases = [
  // Numbers.
  {
    name: 'integers are told by value',
    schema: { type: 'integer' },
    valid: [1, big('1.0'), big('1e3'), big('10e-1'), big('-0.0')],
    invalid: [1.5, big('1e-1'), '1', true],
  },
  {
    name: 'numbers are equal by value',
    schema: { enum: [1, big('2.50'), [big('1e2')]] },
    valid: [big('1.0'), 2.5, [100]],
    invalid: [true, '1', 100],
  },
  { name: 'zero has no sign', schema: { const: 0 }, valid: [big('-0'), big('0.0'), big('0e5')], invalid: [false, null, ''] },
  {
    name: 'bounds',
    schema: { exclusiveMinimum: -1, maximum: 2.5 },
    valid: [big('-0.999'), 2.5, 0],
    invalid: [-1, 2.51, big('1e400')],
  },
  {
    name: 'huge and tiny numbers',
    schema: { minimum: big('1e-307'), maximum: big('1e307') },
    valid: [1, big('1e306'), big('2e-307')],
    invalid: [0, -1, big('1e-320')],
  },
  { name: 'multiples', schema: { multipleOf: 0.5 }, valid: [0, 1, -1.5, big('1e3')], invalid: [0.3, big('0.05')] },
  // Strings.
  {
    name: 'lengths are in code points',
    schema: { minLength: 2, maxLength: 2 },
    valid: ['ab', '😀😀', 'e\u0301', 'ü1'],
    invalid: ['😀', '😀ab', ''],
  },
  { name: 'patterns are not anchored', schema: { pattern: 'es' }, valid: ['test', 'es', 1], invalid: ['e s', ''] },
  { name: 'a dollar is the end, not before a line end', schema: { pattern: '^a$' }, valid: ['a'], invalid: ['a\n', 'b\na'] },
  {
    name: 'a dot is no line end',
    schema: { pattern: '^.$' },
    valid: ['a', '😀', '\u0085', '\t'],
    invalid: ['\n', '\r', '\u2028', '\u2029', ''],
  },
  {
    name: 'white space of ECMA-262',
    schema: { pattern: '^\\s+$' },
    valid: [' \t\n\v\f\r', '\u00a0\ufeff\u2029\u3000\u1680'],
    invalid: ['\u180e', '\u200b', 'a', '\u0085'],
  },
  {
    name: 'what is no white space',
    schema: { pattern: '^[\\S]\\S$' },
    valid: ['ab', '\u200b😀'],
    invalid: ['a ', 'a\u00a0', '\ufeffb'],
  },
  { name: 'digits and words are those of ASCII', schema: { pattern: '^\\d\\w$' }, valid: ['1a', '1_'], invalid: ['१a', '1ü'] },
  {
    name: 'properties of characters',
    schema: { pattern: '^\\p{Lu}\\p{Letter}*\\P{L}\\p{Script=Greek}$' },
    valid: ['Äb1α', 'A-Ω'],
    invalid: ['ab1α', 'Ab1a'],
  },
  {
    name: 'escapes of characters',
    schema: { pattern: '^\\x41\\u0042\\u{1F600}\\uD83D\\uDE00\\cJ\\0\\/\\-$'.replace('\\-', '[\\-]') },
    valid: ['AB😀😀\n\0/-'],
    invalid: ['AB😀'],
  },
  {
    name: 'classes',
    schema: { pattern: '^[a-c\\]^-][^\\d\\s][[.]$' },
    valid: ['a-[', ']x.', '-y['],
    invalid: ['d-[', 'a1[', 'ax]'],
  },
  { name: 'the class of everything', schema: { pattern: '^[^]$' }, valid: ['\n', '😀'], invalid: ['', 'ab'] },
  { name: 'the class of nothing', schema: { pattern: '[]' }, valid: [1], invalid: ['', 'a'] },
  {
    name: 'named groups',
    schema: { pattern: '^(?<year>\\d{4})-(?:0[1-9]|1[0-2])$' },
    valid: ['2025-11'],
    invalid: ['2025-13', '25-11'],
  },
  // Arrays.
  {
    name: 'prefixItems and items',
    schema: { prefixItems: [{ type: 'string' }], items: { type: 'integer' } },
    valid: [[], ['a'], ['a', 1, 2], {}],
    invalid: [[1], ['a', 'b']],
  },
  {
    name: 'unique by value',
    schema: { uniqueItems: true },
    valid: [[1, true], [0, false, null, ''], [{ a: 1 }, { a: '1' }], [[1], [[1]]], ['1', 1]],
    invalid: [[1, big('1.0')], [{ a: 1, b: 2 }, { b: 2, a: 1 }], [[1, 2], [1, 2]], [null, 0, null]],
  },
  {
    name: 'contains',
    schema: { contains: { const: 1 }, minContains: 2, maxContains: 3 },
    valid: [[1, 1], [1, 2, 1, 1], 'x'],
    invalid: [[], [1], [1, 1, 1, 1]],
  },
  {
    name: 'minContains of zero',
    schema: { contains: { const: 1 }, minContains: 0, maxContains: 1 },
    valid: [[], [2], [1]],
    invalid: [[1, 1]],
  },
  // Objects.
  {
    name: 'properties, patterns, others',
    schema: {
      properties: { foo: { maxLength: 3 }, bar: true },
      patternProperties: { '^f': { minLength: 2 } },
      additionalProperties: { type: 'integer' },
    },
    valid: [{ foo: 'abc', fx: 'ab', n: 1, bar: [] }, []],
    invalid: [{ foo: 'a' }, { foo: 'abcd' }, { n: 'x' }, { fx: 'a' }],
  },
  {
    name: 'additionalProperties knows its neighbours only',
    schema: { allOf: [{ properties: { a: true } }], additionalProperties: false },
    valid: [{}],
    invalid: [{ a: 1 }],
  },
  {
    name: 'names',
    schema: { propertyNames: { pattern: '^[a-z]+$', maxLength: 3 } },
    valid: [{ abc: 1 }, {}, 'ABC'],
    invalid: [{ A: 1 }, { abcd: 1 }],
  },
  {
    name: 'names that need escapes',
    schema: { required: ['a/b', 'm~n', 'x"y', '\n'], properties: { 'a/b': { type: 'integer' } } },
    valid: [{ 'a/b': 1, 'm~n': 2, 'x"y': 3, '\n': 4 }],
    invalid: [{ 'a/b': 1, 'm~n': 2 }, { 'a/b': '', 'm~n': 2, 'x"y': 3, '\n': 4 }],
  },
  {
    name: 'dependencies of both kinds',
    schema: {
      dependentRequired: { card: ['address'] },
      dependentSchemas: { n: { properties: { n: { type: 'integer' } }, required: ['m'] } },
    },
    valid: [{}, { card: 1, address: 2 }, { n: 1, m: 2 }],
    invalid: [{ card: 1 }, { n: 1 }, { n: 'x', m: 1 }],
  },
  {
    name: 'unevaluatedProperties sees through applicators',
    schema: {
      allOf: [{ properties: { a: true } }],
      anyOf: [{ properties: { b: { const: 1 } }, required: ['b'] }, { properties: { c: true }, required: ['c'] }],
      if: { properties: { d: { const: 1 } }, required: ['d'] },
      then: { properties: { e: true } },
      unevaluatedProperties: false,
    },
    valid: [{ a: 1, b: 1 }, { b: 1, c: 2 }, { c: 1, d: 1, e: 1 }],
    invalid: [{ b: 2 }, { b: 2, c: 1 }, { c: 1, e: 1 }],
  },
  {
    name: 'what not has looked at does not count',
    schema: { not: { not: { properties: { a: true } } }, unevaluatedProperties: false },
    valid: [{}],
    invalid: [{ a: 1 }],
  },
  // Logic.
  { name: 'exactly one', schema: { oneOf: [{ type: 'integer' }, { minimum: 2 }] }, valid: [1, 2.5, 'x'], invalid: [3, 1.5] },
  {
    name: 'conditions',
    schema: { if: { type: 'integer' }, then: { minimum: 0 }, else: { type: 'string' } },
    valid: [0, 'x'],
    invalid: [-1, null, 1.5],
  },
  { name: 'then without if is nothing', schema: { then: false, else: false }, valid: [1, {}], invalid: [] },
  { name: 'boolean schemas', schema: { properties: { a: true, b: false } }, valid: [{ a: 1 }, {}], invalid: [{ b: 1 }] },
  {
    name: 'keywords of other types are ignored',
    schema: { minLength: 3, minimum: 5, required: ['a'], minItems: 2 },
    valid: [null, true, 5, 'abc', [1, 2], { a: 1 }],
    invalid: [4, 'ab', [1], {}],
  },
  // References.
  {
    name: 'pointers with escapes',
    schema: {
      $defs: { 'a/b': { type: 'integer' }, 'm~n': { type: 'string' }, 'p%q': { type: 'null' } },
      properties: { a: { $ref: '#/$defs/a~1b' }, b: { $ref: '#/$defs/m~0n' }, c: { $ref: '#/$defs/p%25q' } },
    },
    valid: [{ a: 1, b: 'x', c: null }],
    invalid: [{ a: 'x' }, { b: 1 }, { c: 1 }],
  },
  {
    name: 'references beside other keywords',
    schema: { $defs: { s: { type: 'string' } }, $ref: '#/$defs/s', maxLength: 2 },
    valid: ['ab'],
    invalid: ['abc', 1],
  },
  {
    name: 'relative identifiers',
    schema: {
      $id: 'https://example.com/a/root.json',
      $ref: 'b/item.json',
      $defs: {
        x: { $id: 'b/item.json', type: 'array', items: { $ref: 'other.json#part' } },
        y: { $id: '/a/b/other.json', $defs: { z: { $anchor: 'part', type: 'integer' } } },
      },
    },
    valid: [[1]],
    invalid: [['x'], 1],
  },
  {
    name: 'recursion',
    schema: {
      $defs: { list: { properties: { next: { $ref: '#/$defs/list' }, v: { type: 'integer' } }, required: ['v'] } },
      $ref: '#/$defs/list',
    },
    valid: [{ v: 1, next: { v: 2, next: { v: 3 } } }],
    invalid: [{ v: 1, next: { v: 2, next: {} } }],
  },
  {
    name: 'dynamic references',
    schema: {
      $id: 'https://example.com/strict-tree',
      $dynamicAnchor: 'node',
      $ref: 'tree',
      unevaluatedProperties: false,
      $defs: { tree },
    },
    valid: [{ children: [{ data: 1 }] }],
    invalid: [{ children: [{ daat: 1 }] }, { daat: 1 }],
  },
  {
    name: 'the metaschema',
    schema: { $ref: 'https://json-schema.org/draft/2020-12/schema' },
    valid: [{ type: 'string' }, true, { properties: { a: { minLength: 1 } } }],
    invalid: [{ type: 'text' }, 1, { properties: { a: { minLength: -1 } } }, { $defs: { x: { allOf: [] } } }],
  },
  // Draft-07.
  {
    name: 'positions in draft-07',
    dialect: 'draft-07',
    schema: { items: [{ type: 'string' }], additionalItems: { type: 'integer' } },
    valid: [['a', 1], []],
    invalid: [[1], ['a', 'b']],
  },
  {
    name: 'additionalItems alone is nothing',
    dialect: 'draft-07',
    schema: { items: true, additionalItems: false },
    valid: [[1, 2]],
    invalid: [],
  },
  {
    name: 'dependencies',
    dialect: 'draft-07',
    schema: { dependencies: { a: ['b'], c: { minProperties: 2 } } },
    valid: [{ a: 1, b: 1 }, { c: 1, d: 1 }, {}],
    invalid: [{ a: 1 }, { c: 1 }],
  },
  {
    name: 'an identifier that is an anchor',
    dialect: 'draft-07',
    schema: { definitions: { x: { $id: '#item', type: 'integer' } }, properties: { a: { $ref: '#item' } } },
    valid: [{ a: 1 }],
    invalid: [{ a: 'x' }],
  },
  {
    name: 'a reference at the top, as zod-to-json-schema writes it',
    dialect: 'draft-07',
    schema: {
      $ref: '#/definitions/Args',
      definitions: {
        Args: { type: 'object', properties: { q: { type: 'string' } }, required: ['q'], additionalProperties: false },
      },
    },
    valid: [{ q: 'x' }],
    invalid: [{}, { q: 'x', r: 1 }],
  },
  {
    name: 'keywords of later drafts are nothing in draft-07',
    dialect: 'draft-07',
    schema: { prefixItems: [false], dependentRequired: { a: ['b'] }, minContains: 2, contains: { const: 1 } },
    valid: [{ a: 1 }, [1]],
    invalid: [[2]],
  },
  {
    name: 'the metaschema of draft-07',
    dialect: 'draft-07',
    schema: { $ref: 'http://json-schema.org/draft-07/schema#' },
    valid: [{ type: 'string' }, false],
    invalid: [{ type: 1 }, []],
  },
];
