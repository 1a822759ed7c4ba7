/** Charts, drawn: what the rest of the studio takes from here. */

export { default as Diagram } from './Diagram.svelte';
export type { View } from './camera.svelte';
export { collapsedAtFirst, pngOf, sceneOf, svgFileOf, svgOf, type PictureOptions } from './scenes';
export { LayoutTimedOut } from '../layout/engine';
export type { Scene, SceneArrow, SceneState } from '../layout/scene';
export type { SceneOptions } from '../layout/layout';
export type { Direction } from '../layout/options';
export type { Detail } from '../layout/text';
export type { Chart } from '../model/chart';
export type { Badge } from '../paint/states';
export type { Theme } from '../paint/themes';
