// What an expression in PromQL names: metrics, and labels of them.

/** A metric in an expression, with the labels that it is chosen by. */
export interface Selector {
  metric: string;
  labels: string[];
}

const operators = new Set([
  'and',
  'or',
  'unless',
  'bool',
  'offset',
  'group_left',
  'group_right',
  'inf',
  'nan',
]);
const grouping = /\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g;

/** Every metric that an expression names. */
export function selectorsOf(expr: string): Selector[] {
  const plain = expr.replaceAll(grouping, ' ').replaceAll(/\[[^\]]*\]|\b\d\w*/g, ' ');
  const found: Selector[] = [];
  for (const [, metric = '', , matchers = '', call] of plain.matchAll(
    /([a-zA-Z_:][\w:]*)\s*(\{((?:[^}"]|"[^"]*")*)\})?\s*(\()?/g,
  )) {
    if (call !== undefined || operators.has(metric)) continue;
    const labels = Array.from(
      matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"/g),
      ([, label = '']) => label,
    );
    found.push({ metric, labels });
  }
  return found;
}

/** The labels that an expression groups or joins by. */
export function groupsOf(expr: string): string[] {
  return Array.from(expr.matchAll(grouping), ([, labels = '']) => labels.split(','))
    .flat()
    .map((label) => label.trim());
}

/** The expression of a panel, as Grafana would send it. */
export function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*');
}
