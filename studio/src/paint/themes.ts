/**
 * The colours of charts, light and dark. Text has a contrast of at least 4.5 to what it stands on
 * (`tests/paint/themes.test.ts`), as WCAG 2.1 AA asks for.
 */

export type Theme = 'light' | 'dark';

export const THEMES = {
  light: {
    ground: '#f7f7f8',
    grid: '#dcdde1',
    ink: '#17181c',
    ink2: '#4f535f',
    ink3: '#626774',
    node: '#ffffff',
    'node-line': '#c3c7d0',
    group: '#f1f2f6',
    'group-even': '#fafafb',
    'group-line': '#cfd2da',
    'group-active': '#eaf1fe',
    'group-active-line': '#93b4f0',
    pill: '#e9ebf0',
    halo: '#f7f7f8',
    edge: '#7d8391',
    label: '#ffffff',
    'label-line': '#dfe1e7',
    accent: '#2563d9',
    'accent-ink': '#1a4fc0',
    active: '#e3edff',
    glow: '#d3e1fb',
    flow: '#c07a1e',
    guard: '#8f5200',
    time: '#7a30e6',
    good: '#0b6b44',
    bad: '#b9252f',
  },
  dark: {
    ground: '#0f1116',
    grid: '#23272f',
    ink: '#f1f3f7',
    ink2: '#b8bec9',
    ink3: '#98a0ae',
    node: '#222733',
    'node-line': '#4a5262',
    group: '#1a1e27',
    'group-even': '#151920',
    'group-line': '#3a4250',
    'group-active': '#121f36',
    'group-active-line': '#3f68a8',
    pill: '#2f3543',
    halo: '#151920',
    edge: '#7f889a',
    label: '#1b1f29',
    'label-line': '#363d4a',
    accent: '#5b9dff',
    'accent-ink': '#b9d5ff',
    active: '#173360',
    glow: '#1b3a6b',
    flow: '#d9923b',
    guard: '#eab464',
    time: '#c3a6ff',
    good: '#53d196',
    bad: '#ff8a92',
  },
} as const satisfies Record<Theme, Record<string, string>>;

/** The stylesheet with its colours put in, for a file that stands alone. */
export function inTheme(css: string, theme: Theme): string {
  const colours: Record<string, string> = THEMES[theme];
  return css.replace(
    /var\(--chart-([a-z0-9-]+)\)/g,
    (whole, name: string) => colours[name] ?? whole,
  );
}
