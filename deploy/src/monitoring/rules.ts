// The alert rules as data.
import { z } from 'zod';
import { documentsOf, read } from '../checks/sources.ts';

/** The file of the rules, and that of their tests. */
export const rulesFile = 'deploy/monitoring/rules/pipeline.yml';
export const rulesTestFile = 'deploy/monitoring/rules/pipeline.test.yml';

const rule = z.strictObject({
  alert: z.string().regex(/^[A-Z][A-Za-z]+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
  annotations: z.strictObject({ summary: z.string(), runbook_url: z.string() }),
});

const rules = z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule) })) });

/** An alert. */
export type Alert = z.output<typeof rule>;

/** The groups of rules as they are in the file. */
export function readRules(): z.output<typeof rules> {
  return rules.parse(documentsOf(read(rulesFile))[0]);
}

/** All alerts. */
export function readAlerts(): Alert[] {
  return readRules().groups.flatMap((group) => group.rules);
}
