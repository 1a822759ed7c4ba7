/**
 * The current page, as the hash of the page's address: `#/machines/order?detail=full`.
 *
 * Everything worth sharing stands in it. The hash is used so that the server needs to know none of
 * these addresses, and may serve the studio under any prefix.
 */

export type View = 'diagram' | 'board' | 'instances' | 'fleet';

export type Place =
  | { page: 'machines' }
  | { page: 'machine'; machine: string; view: View }
  | { page: 'instance'; machine: string; id: string }
  | { page: 'incidents' }
  | { page: 'unknown'; path: string };

export interface Address {
  place: Place;
  query: URLSearchParams;
}

const VIEWS: readonly View[] = ['diagram', 'board', 'instances', 'fleet'];

export function parse(hash: string): Address {
  const text = hash.replace(/^#/, '');
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1));
  return { place: placeOf(path), query };
}

export function href(place: Place, query?: URLSearchParams | Record<string, string>): string {
  const search = new URLSearchParams(query);
  for (const [name, value] of [...search]) if (value === '') search.delete(name);
  // commas and slashes are allowed in a fragment, and make it one that people can read
  const text = search.toString().replace(/%2C/g, ',').replace(/%2F/g, '/');
  return `#${path(place)}${text ? `?${text}` : ''}`;
}

export function samePlace(a: Place, b: Place): boolean {
  return path(a) === path(b);
}

function placeOf(text: string): Place {
  const parts = text.split('/').filter((part) => part !== '');
  let names: string[];
  try {
    names = parts.map(decodeURIComponent);
  } catch {
    return { page: 'unknown', path: text };
  }
  const [first, machine, view, id] = names;
  if (first === undefined || (first === 'machines' && names.length === 1)) {
    return { page: 'machines' };
  }
  if (first === 'incidents' && names.length === 1) return { page: 'incidents' };
  if (first === 'machines' && machine !== undefined) {
    if (view === undefined) return { page: 'machine', machine, view: 'diagram' };
    if (view === 'instances' && id !== undefined && names.length === 4) {
      return { page: 'instance', machine, id };
    }
    const known = VIEWS.find((one) => one === view);
    if (known !== undefined && names.length === 3) {
      return { page: 'machine', machine, view: known };
    }
  }
  return { page: 'unknown', path: text };
}

function path(place: Place): string {
  switch (place.page) {
    case 'machines':
      return '/';
    case 'incidents':
      return '/incidents';
    case 'machine': {
      const view = place.view === 'diagram' ? '' : `/${place.view}`;
      return `/machines/${encodeURIComponent(place.machine)}${view}`;
    }
    case 'instance':
      return (
        `/machines/${encodeURIComponent(place.machine)}` +
        `/instances/${encodeURIComponent(place.id)}`
      );
    case 'unknown':
      return place.path;
  }
}
