// The table that `npm run status` prints.
import type { PartState } from './supervise/run-file.ts';

/** A duration for people: `4s`, `3m 12s`, `2h 5m`. */
export function uptime(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1_000));
  const [hours, minutes, secs] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60, total % 60];
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${secs}s` : `${secs}s`;
}

/** One line a part: name, pid, address, uptime, restarts, health. */
export function statusTable(parts: readonly PartState[], now: number): string {
  const rows = [
    ['part', 'pid', 'address', 'up', 'restarts', 'health'],
    ...parts.map((part) => [
      part.name,
      part.pid === undefined ? '-' : String(part.pid),
      part.address,
      part.since === undefined ? '-' : uptime(now - part.since),
      String(part.restarts),
      part.trouble ?? 'healthy',
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
