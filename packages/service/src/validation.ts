// From zod's issues to the details of a 400.
import type { z } from 'zod';
import type { FieldProblem } from './failure.ts';

/** A validation failure's details: one entry an issue, the field as a dotted path (`body` for the whole). */
export function fieldProblems(error: z.ZodError): FieldProblem[] {
  return error.issues.map((issue) => ({
    field: issue.path.length === 0 ? 'body' : issue.path.map(String).join('.'),
    message: issue.message,
  }));
}
