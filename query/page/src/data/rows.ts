// The rows of a list that grows while one looks at it: a page of stored logs, and what has come since.
import type { Log } from './answers.ts';

/** A row. */
export interface Row {
  log: Log;
  /** Whether it came while the list was shown. */
  arrived: boolean;
}

/** A list. While it is paused, what comes is held back. */
export interface Rows {
  shown: Row[];
  held: Log[];
  paused: boolean;
  /** How many have come since the page was read, and are not in what it says of all; held ones too. */
  arrivals: number;
}

/** What happens to it. */
export type RowsEvent =
  | { type: 'read'; logs: Log[] }
  | { type: 'arrived'; logs: Log[] }
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'reset' };

/** The most rows that are kept. */
export const maxRows = 200;

/** An empty list. */
export const noRows: Rows = { shown: [], held: [], paused: false, arrivals: 0 };

function onTop(logs: Log[], below: Row[]): Row[] {
  const newest = logs.toReversed().map((log) => ({ log, arrived: true }));
  return [...newest, ...below].slice(0, maxRows);
}

function unseen(logs: Log[], { shown, held }: Rows): Log[] {
  const seen = new Set([...shown.map(({ log }) => log._id), ...held.map(({ _id }) => _id)]);
  return logs.filter(({ _id }) => !seen.has(_id) && seen.add(_id));
}

/** The next state. */
export function reduceRows(state: Rows, event: RowsEvent): Rows {
  switch (event.type) {
    case 'read': {
      // What came while the page was being read stays on top, unless the page has it.
      const inPage = new Set(event.logs.map(({ _id }) => _id));
      const kept = state.shown.filter(({ log, arrived }) => arrived && !inPage.has(log._id));
      const page = event.logs.map((log) => ({ log, arrived: false }));
      const held = state.held.filter(({ _id }) => !inPage.has(_id));
      return {
        ...state,
        shown: [...kept, ...page].slice(0, maxRows),
        held,
        arrivals: 0,
      };
    }
    case 'arrived': {
      const logs = unseen(event.logs, state);
      if (logs.length === 0) return state;
      const arrivals = state.arrivals + logs.length;
      if (state.paused) return { ...state, held: [...state.held, ...logs].slice(-maxRows), arrivals };
      return { ...state, shown: onTop(logs, state.shown), arrivals };
    }
    case 'pause':
      return { ...state, paused: true };
    case 'resume':
      return { ...state, shown: onTop(state.held, state.shown), held: [], paused: false };
    case 'reset':
      return { ...noRows, paused: state.paused };
  }
}
