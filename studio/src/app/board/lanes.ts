/**
 * The lanes and columns of a board.
 *
 * A column is a leaf state, or with groups a state right below the lane's own. A lane is what is
 * outside of all regions, or one region of a parallel state: an instance has one card in each lane
 * that it is active in.
 */
import { ROOT, type Tree } from '../chart/tree';

export type Grouping = 'states' | 'groups';

export interface Column {
  /** The state, which the server filters by. */
  id: string;
  name: string;
  /** The name with those of the states around it. */
  spoken: string;
  /** The groups that the state is in, within its lane. */
  path: string;
  final: boolean;
  owner: string | null;
  doc: string;
}

export interface Lane {
  /** The region, or the root. */
  id: string;
  name: string;
  columns: Column[];
}

export function lanesOf(tree: Tree, grouping: Grouping): Lane[] {
  const lanes = new Map<string, Column[]>();
  const open = (lane: string) => {
    const known = lanes.get(lane);
    if (known !== undefined) return known;
    const made: Column[] = [];
    lanes.set(lane, made);
    return made;
  };
  const seen = new Set<string>();
  for (const leaf of tree.leaves()) {
    const lane = laneOf(tree, leaf.id);
    const id = grouping === 'states' ? leaf.id : groupIn(tree, leaf.id, lane);
    if (seen.has(id)) continue;
    seen.add(id);
    open(lane).push(columnOf(tree, id, lane));
  }
  return [...lanes].map(([id, columns]) => ({
    id,
    name: id === ROOT ? tree.name(ROOT) : tree.path(id),
    columns,
  }));
}

/** The column that one of an instance's states is in, by lane; lanes without it are not there. */
export function placesOf(
  tree: Tree,
  lanes: readonly Lane[],
  state: readonly string[],
): Map<string, string> {
  const places = new Map<string, string>();
  for (const lane of lanes) {
    for (const column of lane.columns) {
      if (state.some((leaf) => tree.within(leaf, column.id))) {
        places.set(lane.id, column.id);
        break;
      }
    }
  }
  return places;
}

/** The innermost region around a state; the root where there is none. */
export function laneOf(tree: Tree, id: string): string {
  for (const outer of [id, ...tree.ancestors(id)]) {
    const parent = tree.state(outer)?.parent;
    if (parent != null && tree.state(parent)?.kind === 'parallel') return outer;
  }
  return ROOT;
}

/** The state right below `lane` that holds `id`, or is it. */
function groupIn(tree: Tree, id: string, lane: string): string {
  const inside = [id, ...tree.ancestors(id)].filter((one) => one !== lane);
  const found = inside.findLast((one) => tree.within(one, lane));
  return found ?? id;
}

function columnOf(tree: Tree, id: string, lane: string): Column {
  const state = tree.state(id);
  const between = tree.ancestors(id).filter((one) => one !== lane && tree.within(one, lane));
  return {
    id,
    name: tree.name(id),
    spoken: tree.path(id),
    path: between
      .reverse()
      .map((one) => tree.name(one))
      .join(' / '),
    final: state?.kind === 'final',
    owner: state?.owner ?? null,
    doc: state?.doc ?? '',
  };
}
