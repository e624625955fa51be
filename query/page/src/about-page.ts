// What the service wrote into the document for the page.

function meta(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';
}

/** The types of activity that there may be. */
export const activityTypes: readonly string[] = JSON.parse(meta('activity-types') || '[]') as string[];

/** Where events are posted: here, where the edge has forwarded the page, else the edge's usual port. */
export const edgeUrl: string =
  meta('edge') === 'here' ? location.origin : `${location.protocol}//${location.hostname}:3000`;
