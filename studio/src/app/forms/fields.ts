/**
 * A form's fields from a JSON Schema, as far as forms go; what is beyond them (unions, tuples, free
 * objects) becomes one field that takes JSON. The server checks in any case.
 */
import type { Exact } from '../../wire/json';
import type { Json, JsonSchema } from '../../wire/types';

interface Common {
  /** The member's name; empty at the top and in a list. */
  name: string;
  label: string;
  help: string;
  required: boolean;
  /** An empty field stands for null, where null is allowed. */
  nullable: boolean;
  fallback: Json | undefined;
}

export type Field =
  | (Common & {
      kind: 'text';
      long: boolean;
      format: 'plain' | 'date' | 'date-time' | 'time' | 'email' | 'uri';
      minLength: number | null;
      maxLength: number | null;
      pattern: string | null;
    })
  | (Common & {
      kind: 'number';
      integer: boolean;
      minimum: number | Exact | null;
      maximum: number | Exact | null;
      above: number | Exact | null;
      below: number | Exact | null;
    })
  | (Common & { kind: 'boolean' })
  | (Common & { kind: 'choice'; options: Json[] })
  | (Common & { kind: 'constant'; value: Json })
  | (Common & { kind: 'object'; fields: Field[] })
  | (Common & {
      kind: 'list';
      item: Field;
      minItems: number;
      maxItems: number | null;
    })
  | (Common & { kind: 'json'; wanted: string });

/** How deep objects and lists are taken apart; beyond it one writes JSON. */
const DEPTH = 5;

/** A text may be long where nothing says that it is short. */
const LONG_TEXT = 200;

export function fieldOf(schema: JsonSchema | null | undefined): Field {
  return new Reading(schema ?? {}).field(schema ?? {}, '', true, 0);
}

/** Whether there is anything to fill in. */
export function isBare(field: Field): boolean {
  return field.kind === 'object' && field.fields.every((one) => one.kind === 'constant');
}

class Reading {
  readonly #root: JsonSchema;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  field(given: JsonSchema, name: string, required: boolean, depth: number): Field {
    const { schema, nullable } = this.#withoutNull(this.#resolved(given));
    const common: Common = {
      name,
      // a type has a title of its own, which is not the member's
      label: given.title ?? (name === '' ? (schema.title ?? '') : name),
      help: given.description ?? schema.description ?? '',
      required,
      nullable,
      fallback: given.default ?? schema.default,
    };
    if (schema.const !== undefined) return { ...common, kind: 'constant', value: schema.const };
    if (schema.enum !== undefined) return { ...common, kind: 'choice', options: schema.enum };
    const type = typeOf(schema);
    switch (type) {
      case 'string':
        return text(schema, common);
      case 'integer':
      case 'number':
        return number(schema, common, type === 'integer');
      case 'boolean':
        return { ...common, kind: 'boolean' };
      case 'array':
        return this.#list(schema, common, depth);
      case 'object':
        return this.#object(schema, common, depth);
      default:
        return { ...common, kind: 'json', wanted: 'any JSON value' };
    }
  }

  #object(schema: JsonSchema, common: Common, depth: number): Field {
    const properties = Object.entries(schema.properties ?? {});
    const free = schema.additionalProperties;
    const open = free !== undefined && free !== false && properties.length === 0;
    if (depth >= DEPTH || open) return { ...common, kind: 'json', wanted: 'a JSON object' };
    const required = new Set(schema.required ?? []);
    return {
      ...common,
      kind: 'object',
      fields: properties.map(([name, of]) => this.field(of, name, required.has(name), depth + 1)),
    };
  }

  #list(schema: JsonSchema, common: Common, depth: number): Field {
    const items = schema.items;
    if (depth >= DEPTH || schema.prefixItems !== undefined || typeof items !== 'object') {
      return { ...common, kind: 'json', wanted: 'a JSON list' };
    }
    return {
      ...common,
      kind: 'list',
      item: this.field(items, '', true, depth + 1),
      minItems: schema.minItems ?? 0,
      maxItems: schema.maxItems ?? null,
    };
  }

  /** Follows references; one that leads in a circle or nowhere allows anything. */
  #resolved(schema: JsonSchema): JsonSchema {
    let at = schema;
    for (let hops = 0; hops < 20; hops += 1) {
      if (at.allOf?.length === 1 && at.allOf[0] !== undefined) {
        at = { ...at.allOf[0], ...omit(at, 'allOf') };
      } else if (at.$ref !== undefined) {
        const target = this.#at(at.$ref);
        if (target === undefined) return {};
        at = { ...target, ...omit(at, '$ref') };
      } else return at;
    }
    return {};
  }

  #at(reference: string): JsonSchema | undefined {
    if (!reference.startsWith('#/')) return reference === '#' ? this.#root : undefined;
    let at: unknown = this.#root;
    for (const part of reference.slice(2).split('/')) {
      const name = part.replace(/~1/g, '/').replace(/~0/g, '~');
      if (typeof at !== 'object' || at === null) return undefined;
      at = (at as Record<string, unknown>)[name];
    }
    return typeof at === 'object' && at !== null ? (at as JsonSchema) : undefined;
  }

  /** `anyOf: [X, null]` and `type: [x, "null"]` are an X that may be left empty. */
  #withoutNull(schema: JsonSchema): { schema: JsonSchema; nullable: boolean } {
    if (Array.isArray(schema.type) && schema.type.includes('null')) {
      const others = schema.type.filter((type) => type !== 'null');
      return {
        schema: { ...schema, type: others.length === 1 ? others[0]! : others },
        nullable: true,
      };
    }
    const options = schema.anyOf ?? schema.oneOf;
    if (options === undefined) return { schema, nullable: false };
    const others = options.filter((option) => this.#resolved(option).type !== 'null');
    const nullable = others.length < options.length;
    const [only] = others;
    const bare = omit(omit(schema, 'anyOf'), 'oneOf');
    if (others.length === 1 && only !== undefined) {
      return { schema: { ...this.#resolved(only), ...bare }, nullable };
    }
    // literals one by one, as some generators write them
    const resolved = others.map((option) => this.#resolved(option));
    if (resolved.every((option) => option.const !== undefined)) {
      return { schema: { ...bare, enum: resolved.map((option) => option.const!) }, nullable };
    }
    return { schema: bare.type === undefined ? bare : omit(bare, 'type'), nullable };
  }
}

function typeOf(schema: JsonSchema): string | undefined {
  if (typeof schema.type === 'string') return schema.type;
  if (schema.type === undefined && schema.properties !== undefined) return 'object';
  return undefined;
}

function text(schema: JsonSchema, common: Common): Field {
  const known = ['date', 'date-time', 'time', 'email', 'uri'] as const;
  const format = known.find((one) => one === schema.format) ?? 'plain';
  return {
    ...common,
    kind: 'text',
    format,
    long: format === 'plain' && (schema.maxLength ?? 0) > LONG_TEXT,
    minLength: schema.minLength ?? null,
    maxLength: schema.maxLength ?? null,
    pattern: schema.pattern ?? null,
  };
}

function number(schema: JsonSchema, common: Common, integer: boolean): Field {
  return {
    ...common,
    kind: 'number',
    integer,
    minimum: schema.minimum ?? null,
    maximum: schema.maximum ?? null,
    above: schema.exclusiveMinimum ?? null,
    below: schema.exclusiveMaximum ?? null,
  };
}

function omit(schema: JsonSchema, name: keyof JsonSchema): JsonSchema {
  const rest = { ...schema };
  delete rest[name];
  return rest;
}
