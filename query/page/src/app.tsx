// The page: the session first, then a view in its frame.
import type { VNode } from 'preact';
import { useCallback, useEffect, useErrorBoundary, useMemo, useState } from 'preact/hooks';
import type { Pipeline, Session } from './data/answers.ts';
import { ask } from './data/api.ts';
import type { ApiError } from './data/api.ts';
import { isAway } from './data/freshness.ts';
import { AwayContext, SessionContext } from './data/session-context.ts';
import { useResource } from './data/use-resource.ts';
import { Frame } from './frame.tsx';
import { Failed } from './parts/states.tsx';
import type { Place } from './router.ts';
import { usePlace } from './use-place.ts';
import { EventView } from './views/event.tsx';
import { EventsView } from './views/events.tsx';
import { FindView } from './views/find.tsx';
import { NowhereView } from './views/nowhere.tsx';
import { OverviewView } from './views/overview.tsx';
import { PipelineView } from './views/pipeline.tsx';
import { SignIn } from './views/sign-in.tsx';
import { TypesView } from './views/types.tsx';
import { UserView } from './views/user.tsx';

const pipelineEveryMs = 5_000;

/** All of it. */
export function App(): VNode {
  const [fault, forget] = useErrorBoundary((error) => console.error(error));
  const [session, setSession] = useState<Session>();
  const [ended, setEnded] = useState(false);
  const [problem, setProblem] = useState<ApiError>();
  const load = useCallback(() => {
    ask<Session>('/api/session').then(
      (answer) => {
        setProblem(undefined);
        setSession(answer);
      },
      (error: ApiError) => {
        setProblem(error);
        setTimeout(load, 3_000);
      },
    );
  }, []);
  useEffect(load, [load]);
  const control = useMemo(
    () => ({
      signedOut: (): void => {
        setSession((before) => {
          if (before?.signedIn) setEnded(true);
          return { signedIn: false, keysNeeded: true };
        });
      },
    }),
    [],
  );

  if (fault) {
    return (
      <main class="alone">
        <h1>The page has a fault</h1>
        <p>Nothing is lost: it only shows what is stored. The browser’s console says more.</p>
        <button type="button" class="button" onClick={forget}>
          Try again
        </button>
      </main>
    );
  }
  if (!session) {
    return <main class="alone">{problem ? <Failed error={problem} /> : <p class="quiet">Loading …</p>}</main>;
  }
  if (!session.signedIn) {
    return (
      <SignIn
        ended={ended}
        onSignedIn={() => {
          setEnded(false);
          load();
        }}
      />
    );
  }
  return (
    <SessionContext.Provider value={control}>
      <SignedIn session={session} onSignOut={load} />
    </SessionContext.Provider>
  );
}

function SignedIn({ session, onSignOut }: { session: Session; onSignOut: () => void }): VNode {
  const place = usePlace();
  const pipeline = useResource<Pipeline>('/api/pipeline', pipelineEveryMs);
  async function signOut(): Promise<void> {
    await ask('/api/session', { method: 'DELETE' }).catch(() => {});
    onSignOut();
  }
  return (
    <Frame
      place={place}
      pipeline={pipeline}
      {...(session.keysNeeded && { onSignOut: (): void => void signOut() })}
    >
      <AwayContext.Provider value={isAway(pipeline)}>{viewOf(place)}</AwayContext.Provider>
    </Frame>
  );

  function viewOf(shown: Place): VNode {
    switch (shown.view) {
      case 'overview':
        return <OverviewView pipeline={pipeline} range={shown.range} type={shown.type} />;
      case 'events':
        return <EventsView filter={shown.filter} />;
      case 'user':
        return <UserView key={shown.userId} userId={shown.userId} range={shown.range} type={shown.type} />;
      case 'event':
        return (
          <EventView key={`${shown.userId}/${shown.eventId}`} userId={shown.userId} eventId={shown.eventId} />
        );
      case 'find':
        return <FindView />;
      case 'pipeline':
        return <PipelineView pipeline={pipeline} />;
      case 'types':
        return <TypesView />;
      case 'nowhere':
        return <NowhereView />;
    }
  }
}
