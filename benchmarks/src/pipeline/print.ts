// What runs have found, in words and tables.
import type { BareRun } from './bare.ts';
import type { OldRun } from './old-services.ts';
import type { PipelineRun } from './ours.ts';

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Every figure of a table with one digit behind the point. */
function tableOf(columns: Record<string, Record<string, number>>): Record<string, Record<string, number>> {
  const rows: Record<string, Record<string, number>> = {};
  for (const [column, values] of Object.entries(columns))
    for (const [row, value] of Object.entries(values)) rows[row] = { ...rows[row], [column]: tenths(value) };
  return rows;
}

/** The time that a run took, and where its CPU went: a few lines. */
export function printRun(name: string, run: PipelineRun): void {
  const { stored, secondHalf, acceptedRate, seconds, retries, total, sender, sums } = run;
  console.log(
    `${name}: ${stored} events/s stored in ${seconds.toFixed(1)} s (logs, second half: ${secondHalf}/s; ` +
      `edge ${acceptedRate}/s, ${retries} requests sent again)`,
  );
  const cpu = Object.entries(run.cpu).map(([part, used]) => `${part} ${tenths(used)}`);
  console.log(
    `  CPU µs per event: ${tenths(total)} = ${cpu.join(' + ')}; sender ${tenths(sender)}, not in it`,
  );
  console.log(`  Kafka ${Math.round(run.kafka)} B, MongoDB ${Math.round(run.mongodb)} B per event`);
  console.log(`  all windows or totals were added up ${sums} times meanwhile`);
}

/** Bytes and records per event. */
export function printSizes(run: PipelineRun, events: number): void {
  console.table(tableOf({ 'B per event': run.topics, 'records per event': run.records }));
  const each = Object.entries(run.collections).map(([name, { documents, data, storage, indexes }]) => {
    const values = { documents, data, storage, indexes };
    const divided = Object.entries(values).map(([what, value]) => [what, tenths(value / events)]);
    return [name, Object.fromEntries(divided) as Record<string, number>];
  });
  console.table(Object.fromEntries(each));
  for (const [name, { byIndex, indexes }] of Object.entries(run.collections)) {
    if (indexes / events < 1) continue;
    const list = Object.entries(byIndex).map(([index, bytes]) => `${index} ${tenths(bytes / events)}`);
    console.log(`indexes of ${name}, B per event: ${list.join(', ')}`);
  }
}

/** The peers, a line each. */
export function printPeers(old: OldRun, bare: BareRun): void {
  const cpu = Object.entries(old.cpu).map(([part, used]) => `${part} ${tenths(used)}`);
  console.log(
    `old services: ${old.stored} events/s stored, ${old.acceptedRate}/s accepted; ` +
      `CPU µs per event: ${tenths(old.total)} = ${cpu.join(' + ')}; sender ${tenths(old.sender)}, not in it`,
  );
  console.log(
    `bare insertMany with ${bare.indexes} indexes: ${bare.stored} documents/s, ` +
      `${tenths(bare.mongodb)} µs of mongod each`,
  );
}
