// A counter of events by activity type, bounded in number: types are a deployment's own.
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

/** Counts events of a type. */
export type CountOfType = (type: string, events: number) => void;

/** The name of a counter of types, and how many series it has. */
export interface TypeCounterOptions {
  name: string;
  help: string;
  /** The first types that are counted have a series each, all further ones are `other`. Default 100. */
  most?: number;
}

/** The series of types that came after the first ones. */
const otherTypes = 'other';

/**
 * Registers a counter with the label `type`. What is counted is added up here and handed over when metrics
 * are collected: it changes with every event.
 *
 * @example const count = countTypes(registry, { name: 'events_total', help: 'Events' }); count('LOGIN', 1);
 */
export function countTypes(registry: Registry, { name, help, most = 100 }: TypeCounterOptions): CountOfType {
  const counts = new Map<string, { events: number }>();
  const other = { events: 0 };
  const counter: Counter = new Counter({
    name,
    help,
    labelNames: ['type'],
    registers: [registry],
    collect() {
      for (const [type, count] of counts) handOver(type, count);
      if (other.events > 0) handOver(otherTypes, other);
    },
  });

  function handOver(type: string, count: { events: number }): void {
    counter.inc({ type }, count.events);
    count.events = 0;
  }

  return function count(type, events) {
    let found = counts.get(type);
    if (found === undefined) {
      found = counts.size < most ? { events: 0 } : other;
      if (found !== other) counts.set(type, found);
    }
    found.events += events;
  };
}
