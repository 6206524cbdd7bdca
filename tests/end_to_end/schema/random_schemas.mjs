// Random schemas and values for them, the same ones for the same seed. Names and values come from small sets, so that schemas and
// values meet often; what ajv is known to do otherwise (deviations.mjs) is left out.

/** A generator of numbers from 0 up to 1 (mulberry32). */
export function randomSource(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const names = ['a', 'b', 'c', 'aa', 'ab', 'ü'];
const texts = ['', 'a', 'b', 'ab', 'aab', 'ü', '😀', '😀a', 'a\nb', '12', ' '];
const numbers = [0, 1, 2, 3, -1, -2, 0.5, 1.5, 2.25, 1e3, 4, 10];
const patterns = ['^a', 'b$', 'a+b', '^.$', '^\\d+$', '[^a]', '^(a|ü)*$', '^\\p{L}+$', '\\s', '^[\\w-]{1,2}$', '^\\u{1F600}', ''];
const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

export class Generator {
  constructor(random, draft) {
    this.random = random;
    this.draft = draft;
    this.isOld = draft === 'draft-07';
  }

  below(count) {
    return Math.floor(this.random() * count);
  }

  chance(probability) {
    return this.random() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  list(most, make, least = 0) {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }

  value(depth = 3) {
    const kind = this.below(depth > 0 ? 9 : 5);
    if (kind === 0) return null;
    if (kind === 1) return this.chance(0.5);
    if (kind === 2) return this.pick(numbers);
    if (kind <= 4) return this.pick(texts);
    if (kind <= 6) return this.list(4, () => this.value(depth - 1));
    return this.map(() => this.value(depth - 1));
  }

  map(make) {
    return Object.fromEntries(this.list(4, () => [this.pick(names), make()]));
  }

  /** A whole schema: subschemas to refer to, one of them with an identifier of its own. Some go in circles. */
  document() {
    this.isCircular = this.chance(0.3);
    const defs = this.isOld ? 'definitions' : '$defs';
    const anchor = this.isOld ? { $id: '#named' } : { $anchor: 'named' };
    const all = [0, 1, 2].map((i) => `#/${defs}/d${i}`).concat('#named', 'other.json', this.isOld ? [] : 'other.json#/$defs/inner');
    this.references = this.isCircular ? [...all, '#'] : [];
    const inner = {};
    inner.d4 = { $id: 'other.json', ...(this.isOld ? {} : { $defs: { inner: this.resourceSchema() } }), ...this.resourceSchema() };
    inner.d3 = { ...anchor, ...this.plainObject(1) };
    for (const i of [2, 1, 0]) {
      inner[`d${i}`] = this.schema(2);
      // Without circles each refers only to those that are there already.
      if (!this.isCircular) this.references = all.slice(i);
    }
    return { $id: 'https://example.com/root.json', ...this.plainObject(3), [defs]: inner };
  }

  /** Without references: inside of another resource they would mean something else. */
  resourceSchema() {
    const kept = this.references;
    this.references = [];
    const schema = this.plainObject(1);
    this.references = kept;
    return schema;
  }

  schema(depth) {
    if (this.chance(0.06)) return this.chance(0.7);
    if (this.references.length > 0 && this.chance(depth > 0 ? 0.12 : 0.3)) {
      const reference = { $ref: this.pick(this.references) };
      return this.isOld || this.chance(0.5) ? reference : { ...this.plainObject(depth - 1), ...reference };
    }
    if (this.isOld || this.isCircular || depth === 0 || this.chance(0.9)) return this.plainObject(depth);
    return this.chance(0.5) ? this.unevaluatedItems() : this.unevaluatedProperties();
  }

  /** An object of a few keywords, without a reference at its top. */
  plainObject(depth) {
    const schema = {};
    for (let i = this.below(4); i >= 0; --i) this.addKeyword(schema, depth);
    return schema;
  }

  addKeyword(schema, depth) {
    const add = this.pick(depth > 0 ? [this.addCheck, this.addObject, this.addArray, this.addLogic, this.addLogic] : [this.addCheck]);
    add.call(this, schema, depth - 1);
  }

  addCheck(schema) {
    switch (this.below(11)) {
      case 0:
      case 1:
        schema.type = this.chance(0.5) ? this.pick(types) : [...new Set(this.list(3, () => this.pick(types), 1))];
        break;
      case 2:
        schema.const = this.value(2);
        break;
      case 3:
        schema.enum = distinct(this.list(12, () => this.value(2), 1));
        break;
      case 4:
        schema[this.pick(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'])] = this.pick(numbers);
        break;
      case 5:
        // Exact in binary: ajv divides.
        schema.multipleOf = this.pick([1, 2, 3, 0.5, 0.25, 1.5, 100]);
        break;
      case 6:
        schema[this.pick(['minLength', 'maxLength'])] = this.below(4);
        break;
      case 7:
        schema.pattern = this.pick(patterns);
        break;
      case 8:
        schema[this.pick(['minItems', 'maxItems', 'minProperties', 'maxProperties'])] = this.below(4);
        break;
      case 9:
        schema.uniqueItems = this.chance(0.8);
        break;
      default:
        schema.required = [...new Set(this.list(2, () => this.pick(names)))];
    }
  }

  addObject(schema, depth) {
    switch (this.below(6)) {
      case 0:
      case 1:
        schema.properties = this.map(() => this.schema(depth));
        break;
      case 2:
        schema.patternProperties = Object.fromEntries(this.list(2, () => [this.pick(patterns), this.schema(depth)], 1));
        break;
      case 3:
        schema.additionalProperties = this.chance(0.4) ? false : this.schema(depth);
        break;
      case 4:
        schema.propertyNames = this.schema(0);
        break;
      default:
        this.addDependencies(schema, depth);
    }
  }

  addDependencies(schema, depth) {
    const lists = this.map(() => [...new Set(this.list(2, () => this.pick(names)))]);
    const schemas = this.map(() => this.schema(depth));
    if (this.isOld) {
      schema.dependencies = { ...lists, ...schemas };
    } else if (this.chance(0.5)) {
      schema.dependentRequired = lists;
    } else {
      schema.dependentSchemas = schemas;
    }
  }

  addArray(schema, depth) {
    const positions = this.isOld ? 'items' : 'prefixItems';
    if ('contains' in schema) return;
    switch (this.below(5)) {
      case 0:
        schema.items = this.schema(depth);
        break;
      case 1:
        schema[positions] = this.list(3, () => this.schema(depth), 1);
        break;
      case 2:
        schema[positions] = this.list(2, () => this.schema(depth), 1);
        schema[this.isOld ? 'additionalItems' : 'items'] = this.chance(0.4) ? false : this.schema(depth);
        break;
      default:
        if (positions in schema) break;
        schema.contains = this.schema(depth);
        schema.minItems = 1;
        if (!this.isOld && this.chance(0.4)) schema.minContains = this.below(3);
        if (!this.isOld && this.chance(0.4)) schema.maxContains = this.below(3) + (schema.minContains ?? 1);
    }
  }

  // These two only in a few forms: ajv often counts what alternatives that failed have looked at.

  unevaluatedItems() {
    const first = () => ({ prefixItems: this.list(2, () => this.schema(0), 1) });
    return { ...first(), allOf: this.list(2, first, 1), unevaluatedItems: this.chance(0.6) ? false : this.schema(0) };
  }

  unevaluatedProperties() {
    const some = () => ({ properties: this.map(() => this.schema(0)), required: this.list(1, () => this.pick(names)) });
    const others = { [this.pick(['allOf', 'anyOf', 'oneOf'])]: this.list(3, some, 1) };
    return { ...some(), ...others, unevaluatedProperties: this.chance(0.6) ? false : this.schema(0) };
  }

  addLogic(schema, depth) {
    switch (this.below(6)) {
      case 0:
        schema.not = this.schema(depth);
        break;
      case 1:
        schema.if = this.schema(depth);
        schema.then = this.schema(depth);
        if (this.chance(0.5)) schema.else = this.schema(depth);
        break;
      default:
        schema[this.pick(['allOf', 'anyOf', 'oneOf'])] = this.list(3, () => this.schema(depth), 1);
    }
  }

  /** Values that have a chance: whatever the schema names, changed a little. */
  instances(schema, count) {
    const named = [];
    collectValues(schema, named);
    return this.list(count, () => (named.length > 0 && this.chance(0.35) ? this.mutate(this.pick(named)) : this.value()), count);
  }

  mutate(value) {
    if (this.chance(0.4)) return value;
    if (Array.isArray(value)) return [...value, this.value(1)];
    if (value !== null && typeof value === 'object') return { ...value, [this.pick(names)]: this.value(1) };
    return this.chance(0.5) ? [value, this.value(1)] : { [this.pick(names)]: value };
  }
}

const distinct = (values) => [...new Map(values.map((value) => [canonical(value), value])).values()];

function canonical(value) {
  return JSON.stringify(value, (_, part) => {
    const isObject = part !== null && typeof part === 'object' && !Array.isArray(part);
    return isObject ? Object.fromEntries(Object.entries(part).sort()) : part;
  });
}

function collectValues(schema, found) {
  if (schema === null || typeof schema !== 'object') return;
  if ('const' in schema) found.push(schema.const);
  if (Array.isArray(schema.enum)) found.push(...schema.enum);
  if (schema.properties) found.push(Object.fromEntries(Object.keys(schema.properties).map((name) => [name, 1])));
  for (const child of Object.values(schema)) collectValues(child, found);
}
