// What the browser client asks for before it sends: where to send to. Segment's client reads it from its CDN.

/** The settings of a source, as far as `@segment/analytics-next` needs them. */
export interface SourceSettings {
  integrations: {
    'Segment.io': { apiKey: string; apiHost: string; protocol: 'http' | 'https'; addBundledMetadata: false };
  };
  metrics: { sampleRate: 0 };
}

/**
 * The settings for a page that reaches the edge under this host: events go there too, to no destination
 * beside it, and the client sends no figures about itself.
 *
 * @example sourceSettings('act_…', 'edge.example', 'https')
 */
export function sourceSettings(writeKey: string, host: string, protocol: 'http' | 'https'): SourceSettings {
  return {
    integrations: {
      'Segment.io': { apiKey: writeKey, apiHost: `${host}/v1`, protocol, addBundledMetadata: false },
    },
    metrics: { sampleRate: 0 },
  };
}
