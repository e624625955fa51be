// Nothing has ever come: how to send the first event.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { edgeUrl } from '../about-page.ts';
import { Empty } from './states.tsx';

const command = `curl ${edgeUrl}/api/logs -H 'content-type: application/json' \\
  -d '{"userId":"ada","activityType":"LOGIN"}'`;

/** The command, to copy. */
export function FirstEvent(): VNode {
  const [copied, setCopied] = useState(false);
  return (
    <Empty title="No events yet">
      <p>Post one to the edge; it shows here within a moment.</p>
      <pre class="command" tabIndex={0}>
        {command}
      </pre>
      {'clipboard' in navigator && (
        <button
          type="button"
          class="button"
          onClick={() => void navigator.clipboard.writeText(command).then(() => setCopied(true))}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      )}
    </Empty>
  );
}
