// An address that names nothing.
import type { VNode } from 'preact';
import { Empty } from '../parts/states.tsx';

/** The view. */
export function NowhereView(): VNode {
  return (
    <>
      <h1 tabIndex={-1} class="hidden">
        Not found
      </h1>
      <Empty title="There is nothing at this address">
        <p>
          <a href="#/">To the overview</a>
        </p>
      </Empty>
    </>
  );
}
