// The sign-in, with an API key that may read.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, ask } from '../data/api.ts';
import { Icon } from '../parts/icon.tsx';
import { ThemeButton } from '../parts/theme-button.tsx';

interface SignInProps {
  /** Whether there was a session that is over. */
  ended: boolean;
  onSignedIn: () => void;
}

function wordsFor(error: unknown): string {
  if (!(error instanceof ApiError)) return 'The page has a fault; the browser’s console says more.';
  if (error.kind === 'forbidden') return 'This key is not known, or it may not read.';
  if (error.kind === 'offline') return 'The query service cannot be reached. Try again in a moment.';
  return `Signing in failed: ${error.message}.`;
}

/** The view. */
export function SignIn({ ended, onSignedIn }: SignInProps): VNode {
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = 'Sign in · Activity';
    input.current?.focus();
  }, []);
  async function signIn(key: string): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const headers = { 'content-type': 'application/json' };
      await ask('/api/session', { method: 'POST', headers, body: JSON.stringify({ key }) });
      onSignedIn();
    } catch (error) {
      setProblem(wordsFor(error));
      input.current?.focus();
      input.current?.select();
    } finally {
      setBusy(false);
    }
  }
  return (
    <main class="alone sign-in">
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          void signIn(input.current?.value.trim() ?? '');
        }}
      >
        <p class="brand">
          <Icon name="pulse" />
          <span>Activity</span>
        </p>
        <h1>Sign in</h1>
        {ended && <p role="status">Your session has ended. Sign in again to go on where you were.</p>}
        <div class="field">
          <label for="key">API key</label>
          <input
            id="key"
            ref={input}
            type="password"
            required
            autocomplete="current-password"
            spellcheck={false}
            aria-describedby="key-hint"
            aria-invalid={problem !== undefined}
            aria-errormessage="key-problem"
          />
          <p id="key-hint" class="hint">
            One that may read. Whoever runs the pipeline makes it:
            <code>npm run keys -- create --name you --scope read</code>
          </p>
        </div>
        <p id="key-problem" class="problem" role="alert">
          {problem}
        </p>
        <button class="button main" disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
      <ThemeButton />
    </main>
  );
}
