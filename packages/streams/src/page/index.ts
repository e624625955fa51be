// The page that shows a running topology: everything public, by name.
export { topologyPage } from './topology-page.ts';
export type { ShownStreams, TopologyPageHandler, TopologyPageOptions } from './topology-page.ts';
