// The media types that events are sent as.

/**
 * JSON by its name, or a type that clients send JSON as without saying so: curl's `-d`, a page's
 * `sendBeacon`.
 */
const taken =
  /^(application\/(json|[\w.-]+\+json|x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines|x-www-form-urlencoded|octet-stream)|text\/(json|plain))\s*(;|$)/i;

/** Whether events may be sent as this `Content-Type`. */
export function isEventType(contentType: string | undefined): boolean {
  return (
    contentType === undefined ||
    contentType === 'application/json' ||
    contentType.trim() === '' ||
    taken.test(contentType.trim())
  );
}
