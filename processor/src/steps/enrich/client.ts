// client: the families of browser and system and the device's class, from `metadata.userAgent`; and bot, from
// the same.
import type { Client } from '@activity/contracts';
import { parse } from 'bowser';
import { isbot } from 'isbot';
import type { EnrichStep } from '../enrich.ts';
import { metadataText } from './metadata-text.ts';

interface Known {
  client: Client | undefined;
  bot: boolean;
}

const maxKnown = 5_000;

/** Reads a user agent's text. */
export function readUserAgent(userAgent: string): Known {
  const { browser, os, platform } = parse(userAgent);
  const found: Client = {};
  if (browser.name) found.browser = browser.name;
  if (os.name) found.os = os.name;
  if (platform.type) found.device = platform.type;
  return { client: Object.keys(found).length > 0 ? found : undefined, bot: isbot(userAgent) };
}

/** Reading takes tens of microseconds, and few texts come again and again. */
function createReader(): (userAgent: string) => Known {
  const known = new Map<string, Known>();
  return function read(userAgent: string): Known {
    let found = known.get(userAgent);
    if (!found) {
      found = readUserAgent(userAgent);
      if (known.size >= maxKnown) known.clear();
      known.set(userAgent, found);
    }
    return found;
  };
}

const read = createReader();

/** Adds `client`. Without a user agent the device's class is what the client says it is, if it says so. */
export function client(): EnrichStep {
  return function addClient(log): void {
    const userAgent = metadataText(log, 'userAgent');
    const found = userAgent === undefined ? undefined : read(userAgent).client;
    const device = found?.device ?? metadataText(log, 'device', 64);
    if (device !== undefined && device !== found?.device) log.client = { ...found, device };
    else if (found) log.client = found;
  };
}

/** Adds `bot`, where there is a user agent. */
export function bot(): EnrichStep {
  return function addBot(log): void {
    const userAgent = metadataText(log, 'userAgent');
    if (userAgent !== undefined) log.bot = read(userAgent).bot;
  };
}
