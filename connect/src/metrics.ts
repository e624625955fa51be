// What the supervisor shows to Prometheus.
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ConnectorStatus } from './connect-client.ts';

/** The supervisor's metrics. */
export interface ConnectMetrics {
  onStatus: (statuses: readonly ConnectorStatus[]) => void;
  onRestart: (connector: string) => void;
}

/** Registers the metrics. */
export function createMetrics(registry: Registry): ConnectMetrics {
  const registers = [registry];
  const connectors = new Gauge({
    name: 'connect_connector_state',
    help: '1 for the state that a connector is in',
    labelNames: ['connector', 'state'],
    registers,
  });
  const tasks = new Gauge({
    name: 'connect_tasks',
    help: 'Tasks of a connector by state',
    labelNames: ['connector', 'state'],
    registers,
  });
  const restarts = new Counter({
    name: 'connect_restarts_total',
    help: 'Restarts of what had failed of a connector',
    labelNames: ['connector'],
    registers,
  });
  return {
    onStatus(statuses) {
      connectors.reset();
      tasks.reset();
      for (const { name, connector, tasks: parts } of statuses) {
        connectors.set({ connector: name, state: connector.state }, 1);
        for (const { state } of parts) tasks.inc({ connector: name, state });
      }
    },
    onRestart: (connector) => restarts.inc({ connector }),
  };
}
