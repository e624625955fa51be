// Where is my event? The question, whose answer is the event's own view.
import type { VNode } from 'preact';
import { go } from '../use-place.ts';

/** The view. */
export function FindView(): VNode {
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Find an event</h1>
      </div>
      <form
        class="panel find"
        onSubmit={(event) => {
          event.preventDefault();
          const { user, event: id } = Object.fromEntries(new FormData(event.currentTarget)) as Record<
            string,
            string
          >;
          if (user?.trim() && id?.trim()) go({ view: 'event', userId: user.trim(), eventId: id.trim() });
        }}
      >
        <p>
          Where it is on its way, whether it was a duplicate, and why it could not be processed: also for
          events that are not stored (yet).
        </p>
        <div class="field">
          <label for="find-event">Event id</label>
          <input
            id="find-event"
            name="event"
            required
            autocomplete="off"
            aria-describedby="find-event-hint"
          />
          <p id="find-event-hint" class="hint">
            The edge answered it when the event was posted.
          </p>
        </div>
        <div class="field">
          <label for="find-user">User</label>
          <input id="find-user" name="user" required autocomplete="off" />
        </div>
        <button class="button main">Find it</button>
      </form>
    </>
  );
}
