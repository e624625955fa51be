// From zod's issues to the details of a 400.
import type { z } from 'zod';
import type { FieldProblem } from './failure.ts';

/** The most problems that a client is told of: a request of a few kilobytes may have thousands. */
const mostProblems = 20;

/** The first problems, and how many more there are. */
export function firstProblems(problems: readonly FieldProblem[]): FieldProblem[] {
  if (problems.length <= mostProblems) return [...problems];
  const more = { field: 'body', message: `has ${problems.length - mostProblems} more problems` };
  return [...problems.slice(0, mostProblems), more];
}

/** A validation failure's details: one entry an issue, the field as a dotted path (`body` for the whole). */
export function fieldProblems(error: z.ZodError): FieldProblem[] {
  return error.issues.map((issue) => ({
    field: issue.path.length === 0 ? 'body' : issue.path.map(String).join('.'),
    message: issue.message,
  }));
}
