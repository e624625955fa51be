// Failures that pass by themselves.
import { RetriableError } from '../../api/errors.ts';

/** Whether trying again may help. */
export function isRetriable(error: unknown): error is RetriableError {
  return error instanceof RetriableError;
}

/** Whether the broker could not be reached. What it refuses may mean that topics are others than before. */
export function isConnectionLost(error: unknown): error is RetriableError {
  return isRetriable(error) && (error.code === 'CONNECTION_LOST' || error.code === 'TIMED_OUT');
}
