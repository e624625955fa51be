// What the supervisor shows to Prometheus.
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ConnectorStatus } from './connect-client.ts';
import type { SinkPosition } from './sink-positions.ts';

/** The supervisor's metrics. */
export interface ConnectMetrics {
  onStatus: (statuses: readonly ConnectorStatus[]) => void;
  onRestart: (connector: string) => void;
  onPositions: (positions: readonly SinkPosition[]) => void;
  onErasures: (counts: { waiting: number; kept: number }) => void;
}

const taskStates = ['RUNNING', 'FAILED', 'PAUSED', 'UNASSIGNED'];

/**
 * Registers the metrics of these connectors, at 0: what begins with its first event cannot be seen to rise.
 */
export function createMetrics(registry: Registry, names: readonly string[]): ConnectMetrics {
  const registers = [registry];
  const connectors = new Gauge({
    name: 'activity_connect_connector_state',
    help: '1 for the state that a connector is in',
    labelNames: ['connector', 'state'],
    registers,
  });
  const tasks = new Gauge({
    name: 'activity_connect_tasks',
    help: 'Tasks of a connector by state',
    labelNames: ['connector', 'state'],
    registers,
  });
  const restarts = new Counter({
    name: 'activity_connect_restarts_total',
    help: 'Restarts of what had failed of a connector',
    labelNames: ['connector'],
    registers,
  });
  const lag = new Gauge({
    name: 'activity_connect_sink_lag',
    help: 'Records that a connector has not stored yet; 1 is none, the marker of the last transaction',
    labelNames: ['connector', 'topic', 'partition'],
    registers,
  });
  const erasures = new Gauge({
    name: 'activity_connect_erasures',
    help: 'Erasures that wait for the sink, and those that are kept and carried out',
    labelNames: ['state'],
    registers,
  });
  function noTasks(): void {
    tasks.reset();
    for (const connector of names) for (const state of taskStates) tasks.set({ connector, state }, 0);
  }
  noTasks();
  for (const connector of names) restarts.inc({ connector }, 0);

  return {
    onStatus(statuses) {
      connectors.reset();
      noTasks();
      for (const { name, connector, tasks: parts } of statuses) {
        connectors.set({ connector: name, state: connector.state }, 1);
        for (const { state } of parts) tasks.inc({ connector: name, state });
      }
    },
    onRestart: (connector) => restarts.inc({ connector }),
    onPositions(positions) {
      for (const { connector, topic, partition, committed = 0, end } of positions) {
        lag.set({ connector, topic, partition }, Math.max(0, end - committed));
      }
    },
    onErasures({ waiting, kept }) {
      erasures.set({ state: 'waiting' }, waiting);
      erasures.set({ state: 'kept' }, kept);
    },
  };
}
