// Dashboards as short descriptions, and the JSON that Grafana takes made of them.

/** A line of a panel. */
export interface Query {
  /** PromQL; `$instance` and `$__rate_interval` are Grafana's to fill in. */
  expr: string;
  /** How its series are called, with labels as `{{label}}`; Grafana's own name unless given. */
  legend?: string;
}

/** A unit by Grafana's name for it. */
export type Unit = 'short' | 's' | 'bytes' | 'Bps' | 'ops' | 'reqps' | 'percentunit' | 'bool_yes_no';

/** What a panel shows. */
export interface Panel {
  title: string;
  /** What it shows, and what is normal. */
  description: string;
  kind?: 'timeseries' | 'stat';
  unit: Unit;
  queries: readonly Query[];
  /** From these values on it is orange, and red; where the second is smaller, less is worse. */
  thresholds?: readonly [orange: number, red: number];
  /** Areas one upon another. */
  stacked?: boolean;
}

/** Panels under a heading. */
export interface Row {
  title: string;
  panels: readonly Panel[];
}

/** A dashboard. */
export interface Dashboard {
  /** Its file's name, and its address in Grafana. */
  uid: string;
  title: string;
  description: string;
  /** The job whose instances can be chosen from as `$instance`; none unless given. */
  job?: string;
  rows: readonly Row[];
}

interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

const datasource = { type: 'prometheus', uid: '${datasource}' };
const columns = 24;

function steps([orange, red]: readonly [number, number]): unknown[] {
  if (orange <= red) {
    return [
      { color: 'green', value: null },
      { color: 'orange', value: orange },
      { color: 'red', value: red },
    ];
  }
  return [
    { color: 'red', value: null },
    { color: 'orange', value: red },
    { color: 'green', value: orange },
  ];
}

function panelJson(panel: Panel, id: number, gridPos: GridPos): unknown {
  const { title, description, kind = 'timeseries', unit, queries, thresholds, stacked = false } = panel;
  const isStat = kind === 'stat';
  const custom = {
    lineWidth: 1,
    fillOpacity: stacked ? 30 : 5,
    showPoints: 'never',
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: thresholds ? 'dashed' : 'off' },
  };
  return {
    id,
    type: kind,
    title,
    description,
    gridPos,
    datasource,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource,
      expr,
      legendFormat: legend ?? '__auto',
      instant: isStat,
      range: !isStat,
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        color: { mode: isStat ? 'thresholds' : 'palette-classic' },
        thresholds: {
          mode: 'absolute',
          steps: thresholds ? steps(thresholds) : [{ color: 'green', value: null }],
        },
        ...(isStat ? {} : { custom }),
      },
      overrides: [],
    },
    options: isStat
      ? {
          reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
          colorMode: 'value',
          graphMode: 'area',
          textMode: 'auto',
        }
      : {
          legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
          tooltip: { mode: 'multi', sort: 'desc' },
        },
  };
}

/** Rows one below the other: three graphs beside each other, or six numbers. */
function panelsOf(rows: readonly Row[]): unknown[] {
  const panels: unknown[] = [];
  let y = 0;
  for (const { title, panels: inRow } of rows) {
    const gridPos = { x: 0, y, w: columns, h: 1 };
    panels.push({ id: panels.length + 1, type: 'row', title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of inRow) {
      const [w, h] = panel.kind === 'stat' ? [4, 4] : [8, 8];
      if (x + w > columns) {
        y += height;
        x = 0;
        height = 0;
      }
      panels.push(panelJson(panel, panels.length + 1, { x, y, w, h }));
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return panels;
}

function variablesOf(job: string | undefined): unknown[] {
  const source = { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' };
  if (job === undefined) return [source];
  const query = `label_values(up{job="${job}"}, instance)`;
  return [
    source,
    {
      name: 'instance',
      label: 'Instance',
      type: 'query',
      datasource,
      query: { query, refId: 'instances' },
      definition: query,
      refresh: 2,
      sort: 1,
      multi: true,
      includeAll: true,
      allValue: '.*',
      current: { text: 'All', value: '$__all' },
    },
  ];
}

/** Grafana's JSON of a dashboard. */
export function dashboardJson({ uid, title, description, job, rows }: Dashboard): string {
  const json = {
    uid,
    title,
    description,
    tags: ['activity-pipeline'],
    schemaVersion: 41,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    links: [
      {
        title: 'Pipeline',
        type: 'dashboards',
        tags: ['activity-pipeline'],
        asDropdown: true,
        keepTime: true,
      },
    ],
    annotations: { list: [] },
    templating: { list: variablesOf(job) },
    panels: panelsOf(rows),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}
