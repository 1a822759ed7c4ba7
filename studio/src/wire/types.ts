/**
 * The wire's shapes by the names that the application uses.
 *
 * openapi.ts is made from the server's own description; what that can't say (a chart is an object of
 * any shape there) is said here, after src/statehold/chart/model.py and interpreter/snapshot.py.
 */
import type { Chart as DrawnChart } from '../model/chart';
import type { Exact } from './json';
import type { components } from './openapi';

type Shapes = components['schemas'];

export type Reply = Shapes['Reply'];
export type Summary = Shapes['Summary'];
export type Instances = Shapes['Instances'];
export type StateView = Shapes['StateView'];
export type TimerView = Shapes['TimerView'];
export type EffectView = Shapes['EffectView'];
export type PossibleTransition = Shapes['PossibleTransition'];
export type Incident = Shapes['Incident'];
export type Incidents = Shapes['Incidents'];
export type MachineSummary = Required<Shapes['MachineSummary']>;
export type Me = Shapes['Me'];
export type Right = Shapes['MachineSummary']['may'][number];
export type SignIn = Shapes['SignIn'];
export type OidcSignIn = Shapes['OidcSignIn'];
export type Flows = Shapes['Flows'];
export type StateFlow = Required<Shapes['StateFlow']>;
export type Found = Shapes['Found'];
export type PastInstance = Shapes['PastInstance'];
export type SendAnswer = Shapes['SendAnswer'];
export type Status = Reply['status'];

/** `Exact`: a number that JavaScript's would not keep (`json.ts`). */
export type Json = null | boolean | number | Exact | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** What changed of the data: names of members joined by `/`, escaped as RFC 6901 does. */
export interface Change {
  set?: Record<string, Json>;
  unset?: string[];
}

export interface Microstep {
  event: string | null;
  guards: [name: string, answer: boolean][];
  transitions: string[];
  exited: string[];
  entered: string[];
}

export interface EffectRecord {
  key: string;
  name: string;
  what: string;
  attempt?: number;
  error?: string | null;
  due?: string | null;
}

export type JournalEntry = Omit<
  Shapes['JournalEntry'],
  'event' | 'steps' | 'change' | 'effects'
> & {
  event?: Json;
  steps?: Microstep[];
  change?: Change | null;
  effects?: EffectRecord[];
};

export type Journal = Omit<Shapes['Journal'], 'entries'> & { entries: JournalEntry[] };
export type SummaryPart = Shapes['SummaryPart'];
export type Explanation = Omit<Shapes['Explanation'], 'because'> & { because: JournalEntry | null };

// --- a chart ----------------------------------------------------------------------------------

export type {
  Action,
  Block,
  Delay,
  Guard,
  Initial,
  Invoke,
  StateKind,
  StateNode,
  Transition,
  Trigger,
} from '../model/chart';

export interface EventShape {
  name: string;
  label?: string;
  schema?: JsonSchema;
  doc?: string;
}

/** What is drawn, and what its users may send. */
export type Chart = Omit<DrawnChart, 'events'> & {
  events?: readonly EventShape[];
  data_schema?: JsonSchema;
};

/** The part of JSON Schema 2020-12 that forms are made from. */
export interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  title?: string;
  description?: string;
  type?: string | string[];
  format?: string;
  enum?: Json[];
  const?: Json;
  default?: Json;
  examples?: Json[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema | boolean;
  prefixItems?: JsonSchema[];
  minItems?: number;
  maxItems?: number;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  minimum?: number | Exact;
  maximum?: number | Exact;
  exclusiveMinimum?: number | Exact;
  exclusiveMaximum?: number | Exact;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

export type MachineDetail = Omit<
  Required<Shapes['MachineDetail']>,
  'chart' | 'events' | 'data_schema' | 'input_schema' | 'results'
> & {
  chart: Chart;
  events: Record<string, { doc: string; label: string; schema: JsonSchema | null }>;
  data_schema: JsonSchema | null;
  /** Of what a start takes. */
  input_schema: JsonSchema | null;
  results: Record<string, JsonSchema | null>;
};

/** How far back flows are reported. */
export type Window = Flows['window'];
