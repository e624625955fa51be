// Who may speak to whom, by the network policies.
import { selects, type NetworkPolicy } from './kubernetes.ts';

/** A pod's labels. */
export type Labels = Record<string, string>;

function isAllowed(
  policies: readonly NetworkPolicy[],
  direction: 'Ingress' | 'Egress',
  { of, other, port }: { of: Labels; other: Labels; port: number },
): boolean {
  const about = policies.filter(
    ({ spec }) => spec.policyTypes.includes(direction) && selects(spec.podSelector.matchLabels, of),
  );
  // A pod that no policy is about may do everything.
  if (about.length === 0) return true;
  return about.some(({ spec }) => {
    const rules =
      direction === 'Ingress'
        ? spec.ingress.map(({ from, ports }) => ({ peers: from, ports }))
        : spec.egress.map(({ to, ports }) => ({ peers: to, ports }));
    return rules.some(
      ({ peers, ports }) =>
        ports.some((allowed) => allowed.port === port && allowed.protocol === 'TCP') &&
        (peers === undefined ||
          peers.some(
            ({ podSelector, namespaceSelector }) =>
              namespaceSelector === undefined && selects(podSelector?.matchLabels, other),
          )),
    );
  });
}

/** Whether a pod may open a connection to another, as far as its own egress goes. */
export function mayLeave(
  policies: readonly NetworkPolicy[],
  from: Labels,
  to: Labels,
  port: number,
): boolean {
  return isAllowed(policies, 'Egress', { of: from, other: to, port });
}

/**
 * Whether a pod may open a connection to another of its namespace: its own egress and the other's ingress
 * allow it.
 */
export function mayReach(
  policies: readonly NetworkPolicy[],
  from: Labels,
  to: Labels,
  port: number,
): boolean {
  return mayLeave(policies, from, to, port) && isAllowed(policies, 'Ingress', { of: to, other: from, port });
}
