// A secure stack of a test's own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Security } from '@activity/local/secure/security';
import { startStack, type Stack } from './stack.ts';

/** The stack, while it runs. */
export interface SecureStack extends Stack {
  security: Security;
  /** What a part has logged so far. */
  log(part: string): string;
}

/** Starts it. */
export async function startSecureStack(): Promise<SecureStack> {
  const stack = await startStack('secure', { secure: true });
  const { security } = stack.pipeline;
  if (!security) throw new Error('the stack is not secure');
  return {
    ...stack,
    security,
    log: (part) => readFileSync(join(stack.dataDir, 'logs', `${part}.log`), 'utf8'),
  };
}
