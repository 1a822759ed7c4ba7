/** What a diagram is told and what it tells: the one interface between the pages and the drawing. */
import type { Chart } from '../../wire/types';
import type { View } from '../state/list';

export type Detail = 'names' | 'events' | 'full';
export type Direction = 'DOWN' | 'RIGHT';

export interface Badge {
  text: string;
  tone?: 'plain' | 'good' | 'warn' | 'bad';
  title?: string;
}

export interface ChartViewProps {
  chart: Chart;
  detail: Detail;
  direction: Direction;
  collapsed: Set<string>;
  root: string | null;
  active: readonly string[];
  taken: readonly string[];
  selected: string | null;
  found: readonly string[];
  badges: Map<string, Badge>;
  flow: Map<string, number>;
  view: View | null;
  theme: 'light' | 'dark';
  oncollapse: (ids: Set<string>) => void;
  onselect: (id: string | null) => void;
  onview: (view: View | null) => void;
  onopen: (stateId: string | null) => void;
}
