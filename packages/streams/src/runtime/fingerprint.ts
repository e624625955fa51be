// The fingerprint of a topology: members of one group may share its tasks only where these mean the same to
// all of them.
import { createHash } from 'node:crypto';
import type { Serde } from '../api/serde.ts';
import type { Topology } from '../topology/topology.ts';
import type { TopicNames } from './topic-names.ts';
import { patternsOf } from './topic-patterns.ts';

/** What a member says to the others about its topology. */
export interface TopologyShape {
  /** Equal where task ids, input topics and stores are. Steps in between may differ. */
  fingerprint: string;
  /** The input topics of each sub-topology, by its id. */
  inputs: readonly (readonly string[])[];
  /** The patterns of each sub-topology, by its id; absent where there are none. */
  patterns?: readonly (readonly string[])[];
}

function formatOf({ format, name }: Serde<unknown>): string {
  return name === undefined ? format : `${format} ${name}`;
}

/** The shape of a topology. */
export function shapeOf({ subTopologies }: Topology, names: TopicNames): TopologyShape {
  const parts = subTopologies.map(({ id, nodes, sourceTopics, stores }) => ({
    id,
    inputs: sourceTopics.map(names.full).toSorted(),
    ...(patternsOf(nodes).length > 0 && { patterns: patternsOf(nodes).toSorted() }),
    stores: stores
      .map((store) => [
        store.name,
        store.kind,
        store.changelog ? names.changelog(store) : '',
        formatOf(store.keySerde),
        formatOf(store.valueSerde),
        ...(store.windowSizeMs === undefined ? [] : [String(store.windowSizeMs)]),
        // Which sessions share an entry goes by it.
        ...(store.kind === 'session' ? [String(store.segmentMs)] : []),
      ])
      .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  }));
  const inputs: string[][] = [];
  const patterns: string[][] = [];
  for (const { id, inputs: topics, patterns: own = [] } of parts) {
    inputs[id] = topics;
    patterns[id] = own;
  }
  return {
    fingerprint: createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16),
    inputs,
    ...(patterns.some((own) => own.length > 0) && { patterns }),
  };
}
