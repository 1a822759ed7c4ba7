/**
 * Options of ELK's layered layout. They were searched for over many layouts, by crossings, bends,
 * and overlaps. Three traps: `considerModelOrder.strategy` on nested containers throws,
 * `STRETCH_WIDTH` never returns, and `PORT_POSITION` throws where a self loop is given as an edge.
 */

import type { LayoutOptions } from 'elkjs/lib/elk-api';

export type Direction = 'DOWN' | 'RIGHT';

const LAYERED: LayoutOptions = {
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.layering.strategy': 'LONGEST_PATH_SOURCE',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.layered.nodePlacement.networkSimplex.nodeFlexibility.default': 'PORT_POSITION',
  'elk.layered.crossingMinimization.strategy': 'LAYER_SWEEP',
  'elk.layered.mergeHierarchyEdges': 'false',
  'elk.layered.unnecessaryBendpoints': 'false',
  'elk.layered.spacing.nodeNodeBetweenLayers': '22',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.spacing.nodeNode': '40',
  'elk.spacing.edgeNode': '24',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.portPort': '16',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.labelLabel': '4',
  'elk.spacing.nodeSelfLoop': '14',
};

/**
 * How often the order of states is tried anew, by how many states there are. Half the thoroughness is
 * half the time, and leaves a tenth more crossings.
 */
const THOROUGHNESS = [
  [25, '40'],
  [45, '20'],
  [Infinity, '10'],
] as const;

/** `states`: how many there are to lay out. */
export function rootOptions(direction: Direction, states: number): LayoutOptions {
  return {
    ...layered(states),
    'elk.algorithm': 'layered',
    'elk.direction': direction,
    'elk.json.shapeCoords': 'ROOT',
    'elk.json.edgeCoords': 'ROOT',
  };
}

/** Spacings are not inherited, so each container has them again. */
export function groupOptions(
  direction: Direction,
  states: number,
  head: number,
  padding: number,
  w: number,
  h: number,
): LayoutOptions {
  const sides = `left=${padding},bottom=${padding},right=${padding}`;
  return {
    ...layered(states),
    ...aligned(direction),
    'elk.direction': direction,
    'elk.padding': `[top=${head},${sides}]`,
    'elk.nodeSize.constraints': 'MINIMUM_SIZE',
    // ELK turns the minimum of a group along with the direction
    'elk.nodeSize.minimum': direction === 'RIGHT' ? `(${w},${h})` : `(${h},${w})`,
  };
}

export function leafOptions(direction: Direction, w: number, h: number): LayoutOptions {
  return {
    ...aligned(direction),
    'elk.nodeSize.constraints': 'PORTS MINIMUM_SIZE',
    'elk.nodeSize.minimum': `(${w},${h})`,
    'elk.spacing.portsSurrounding': '[top=3,left=3,bottom=3,right=3]',
  };
}

export const DOT_OPTIONS: LayoutOptions = { 'elk.layered.layering.layerConstraint': 'FIRST' };

export const ENTRY_OPTIONS: LayoutOptions = {
  'elk.layered.priority.direction': '10',
  'elk.layered.priority.straightness': '10',
  'elk.layered.priority.shortness': '5',
};

export const LABEL_OPTIONS: LayoutOptions = {
  'elk.edgeLabels.inline': 'true',
  'elk.edgeLabels.placement': 'CENTER',
  'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'TAIL_LAYER',
};

export function loopOptions(direction: Direction): LayoutOptions {
  const place = direction === 'RIGHT' ? 'OUTSIDE V_BOTTOM H_CENTER' : 'OUTSIDE H_RIGHT V_CENTER';
  return { 'elk.nodeLabels.placement': place };
}

function layered(states: number): LayoutOptions {
  const [, thoroughness] = THOROUGHNESS.find(([most]) => states <= most) ?? [0, '10'];
  return { ...LAYERED, 'elk.layered.thoroughness': thoroughness };
}

function aligned(direction: Direction): LayoutOptions {
  return { 'elk.alignment': direction === 'RIGHT' ? 'LEFT' : 'TOP' };
}
