// The bare limit: the same log documents, with the same indexes, by nothing but insertMany.
import { collections } from '@activity/contracts';
import { MongoClient } from 'mongodb';
import type { Document, IndexDescription } from 'mongodb';
import { cpuOf } from '../shared/cpu.ts';
import type { Stack } from './stack.ts';

/** What it has found. */
export interface BareRun {
  /** Documents a second. */
  stored: number;
  indexes: number;
  /** Microseconds of mongod's CPU for each. */
  mongodb: number;
  wrong: string[];
}

const bulk = 1_000;

/** Copies the logs into a collection of another database. */
export async function runBare(stack: Stack): Promise<BareRun> {
  const client = await new MongoClient(stack.mongodb).connect();
  try {
    const logs = client.db().collection(collections.logs);
    const documents: Document[] = await logs.find().toArray();
    const indexes = await logs.indexes();
    const target = client.db('bench_bare').collection('logs');
    const wanted = indexes.filter(({ name }) => name !== '_id_').map((index) => index as IndexDescription);
    await target.createIndexes(wanted);
    const pid = { mongodb: stack.pids().mongodb };
    const before = cpuOf(pid);
    const began = performance.now();
    for (let from = 0; from < documents.length; from += bulk)
      await target.insertMany(documents.slice(from, from + bulk), { ordered: false });
    const seconds = (performance.now() - began) / 1_000;
    const cpu = cpuOf(pid).mongodb - before.mongodb;
    const found = await target.countDocuments();
    return {
      stored: Math.round(documents.length / seconds),
      indexes: indexes.length,
      mongodb: cpu / documents.length,
      wrong: found === documents.length ? [] : [`insertMany: ${found} of ${documents.length} documents`],
    };
  } finally {
    await client.close();
  }
}
