/** What a board or a list shows of a machine's instances; kept in the address, and by name. */
import type { InstanceQuery } from '../../wire/client';
import type { Status } from '../../wire/types';

export interface Filter {
  owner: string;
  tag: string;
  status: '' | Status;
  /** The beginning of an id. */
  q: string;
  /** `name=value` of an index. */
  where: string;
  incidents: boolean;
}

export const NO_FILTER: Filter = {
  owner: '',
  tag: '',
  status: '',
  q: '',
  where: '',
  incidents: false,
};

const STATUSES: readonly Status[] = ['running', 'paused', 'done', 'cancelled'];

export function filterOf(query: URLSearchParams): Filter {
  const status = query.get('status');
  return {
    owner: query.get('owner') ?? '',
    tag: query.get('tag') ?? '',
    status: STATUSES.find((one) => one === status) ?? '',
    q: query.get('q') ?? '',
    where: query.get('where') ?? '',
    incidents: query.get('incidents') === '1',
  };
}

/** What stands in the address: empty texts are left out there. */
export function filterTexts(filter: Filter): Record<keyof Filter, string> {
  return { ...filter, incidents: filter.incidents ? '1' : '' };
}

export function isEmpty(filter: Filter): boolean {
  return Object.values(filterTexts(filter)).every((text) => text === '');
}

export function queryOf(filter: Filter): InstanceQuery {
  return {
    owner: filter.owner || undefined,
    tag: filter.tag || undefined,
    status: filter.status || undefined,
    q: filter.q || undefined,
    where: filter.where ? [filter.where] : undefined,
    incidents: filter.incidents || undefined,
  };
}

/** Whether an instance from the stream is one of those shown. */
export function matches(
  filter: Filter,
  instance: {
    id: string;
    owners: string[];
    tags: string[];
    status: Status;
    indexes: Record<string, string>;
    incidents?: number;
  },
): boolean {
  const [name, ...value] = filter.where.split('=');
  return (
    (filter.owner === '' || instance.owners.includes(filter.owner)) &&
    (filter.tag === '' || instance.tags.includes(filter.tag)) &&
    (filter.status === '' || instance.status === filter.status) &&
    instance.id.startsWith(filter.q) &&
    (filter.where === '' || instance.indexes[name ?? ''] === value.join('=')) &&
    (!filter.incidents || (instance.incidents ?? 0) > 0)
  );
}
