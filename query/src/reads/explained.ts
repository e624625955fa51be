// What MongoDB says of how it has read: which stages, how much it has looked at.
import type { Document } from 'mongodb';

/** The plan of a read, and what it cost. */
export interface ExplainSummary {
  /** The stages from the outermost inwards, indexes by their names: `LIMIT FETCH IXSCAN(newest)`. */
  plan: string;
  collectionScan: boolean;
  keysExamined: number;
  documentsExamined: number;
  returned: number;
}

/** Reads the answer of `explain('executionStats')`, of a find or an aggregation. */
export function summaryOf(explained: Document): ExplainSummary {
  const stages = explained['stages'] as Document[] | undefined;
  const root = (stages?.[0]?.['$cursor'] as Document | undefined) ?? explained;
  const plan = planOf(root['queryPlanner']?.['winningPlan'] as Document | undefined);
  const stats = (root['executionStats'] ?? {}) as Document;
  return {
    plan: plan.join(' '),
    collectionScan: plan.includes('COLLSCAN'),
    keysExamined: Number(stats['totalKeysExamined'] ?? 0),
    documentsExamined: Number(stats['totalDocsExamined'] ?? 0),
    returned: Number(stats['nReturned'] ?? 0),
  };
}

function planOf(stage: Document | undefined): string[] {
  if (stage === undefined) return [];
  const { stage: name, indexName, inputStage, inputStages = [], queryPlan } = stage;
  // The slot-based engine wraps the plan once more.
  if (queryPlan !== undefined) return planOf(queryPlan as Document);
  const own = indexName === undefined ? String(name) : `${String(name)}(${String(indexName)})`;
  const below = [inputStage as Document | undefined, ...(inputStages as Document[])];
  return [own, ...below.flatMap(planOf)];
}
