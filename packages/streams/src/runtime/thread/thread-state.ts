// The state of a stream thread, or of a whole application.

/**
 * The state of a thread, or of an application: of its threads, the one furthest from RUNNING.
 *
 *   CREATED ─▶ REBALANCING ⇄ RESTORING ⇄ RUNNING ─▶ CLOSED        any ─▶ ERROR
 *
 * REBALANCING: waiting for an assignment. RESTORING: a task reads its changelogs, others may be at work.
 * RUNNING: every assigned task is at work, and be there none. ERROR: stopped for a FatalError. ERROR and
 * CLOSED are final.
 */
export type ThreadState = 'CREATED' | 'RESTORING' | 'RUNNING' | 'REBALANCING' | 'ERROR' | 'CLOSED';
