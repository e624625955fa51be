// The script of the page: reads the figures every two seconds, and writes them into the picture and the tables.

/** @import { StreamsFigures } from '../../runtime/instance-figures.ts' */
/** @typedef {Map<string, number>} Counts */
/** @typedef {{ at: number, edges: Counts, into: Counts, dead: Counts }} Sample */

const everyMs = 2000;
const rateOverMs = 10_000;
/** A lag that was read longer ago than this is old: partitions are fetched each half second. */
const oldMs = 5000;
/** A thread whose figures are older has not replied. */
const silentMs = 1500;
/** The page is loaded again for topics that it does not draw, but no sooner than this after it was loaded. */
const shownMs = 5000;
const source = location.pathname.replace(/\/+$/, '') + '.json';
const number = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });

/** @type {Sample[]} */
let samples = [];
/** When figures came last, in epoch milliseconds of this machine. */
let cameAt = 0;
let isLost = false;

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** Writes only what is different: what a screen reader follows is not read out again. @param {Element} at @param {string} text */
function write(at, text) {
  if (at.textContent !== text) at.textContent = text;
}

/** @param {number} value */
function count(value) {
  return value < 1_000_000 ? number.format(value) : short.format(value);
}

/** @param {number} bytes */
function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** @param {number} ms */
function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/**
 * Records a second between the first sample and the last; undefined where that is not known: there is one
 * sample, or a thread was replaced, which began to count at 0.
 * @param {(sample: Sample) => Counts} of @param {string} name @returns {number | undefined}
 */
function rateOf(of, name) {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.at <= first.at) return undefined;
  const records = (of(last).get(name) ?? 0) - (of(first).get(name) ?? 0);
  return records < 0 ? undefined : (records * 1000) / (last.at - first.at);
}

/** Whether a count is less than it was: then others, too, began again at 0. @param {Sample} before @param {Sample} now */
function hasFallen(before, now) {
  return [...before.edges].some(([edge, records]) => (now.edges.get(edge) ?? 0) < records);
}

/** @param {number | undefined} rate */
function rateText(rate) {
  if (rate === undefined) return '…';
  if (rate === 0) return '0/s';
  return rate < 10 ? `${rate.toFixed(1)}/s` : `${count(Math.round(rate))}/s`;
}

/** @param {StreamsFigures} figures @returns {Sample} */
function sampleOf({ at, edges, nodes }) {
  /** @type {Counts} */
  const into = new Map();
  for (const { to, records } of edges) into.set(to, (into.get(to) ?? 0) + records);
  return {
    at,
    edges: new Map(
      edges.map(({ from, output, to, records }) => [JSON.stringify([from, output ?? null, to]), records]),
    ),
    into,
    dead: new Map(nodes.map(({ node, deadLettered }) => [node, deadLettered])),
  };
}

/** Whether the application has stopped. @param {StreamsFigures} figures */
function isOver({ state }) {
  return state === 'ERROR' || state === 'CLOSED';
}

/**
 * How long ago something was read, where that is longer than a time. After the application has stopped,
 * nothing is old: the page says that these are the last figures.
 * @param {StreamsFigures} figures @param {number | undefined} readAt @param {number} mostMs
 */
function ageAbove(figures, readAt, mostMs) {
  if (readAt === undefined || isOver(figures)) return undefined;
  const age = figures.at - readAt;
  return age > mostMs ? age : undefined;
}

/** @param {StreamsFigures} figures @param {Sample} now of these figures */
function show(figures, now) {
  const topics = new Map(figures.topics.map((topic) => [topic.topic, topic]));
  const stores = new Map(figures.stores.map((store) => [store.store, store]));
  const nodes = new Map(figures.nodes.map((node) => [node.node, node]));
  const isAssigned = figures.state !== 'CREATED' && figures.state !== 'REBALANCING';

  /** How old the lag of a topic is, where it is too old to be the lag of now. @param {string} of */
  function ageOf(of) {
    return ageAbove(figures, topics.get(of)?.readAt, oldMs);
  }

  /** What each kind of figure shows; the page names them in `data-show`. @type {Record<string, (of: string) => [text: string, look?: 'trouble' | 'old' | false]>} */
  const texts = {
    rate: (of) => [rateText(rateOf(({ edges }) => edges, of))],
    records: (of) => [count(now.edges.get(of) ?? 0)],
    into: (of) => [rateText(rateOf(({ into }) => into, of))],
    recordsInto: (of) => [count(now.into.get(of) ?? 0)],
    lag(of) {
      const topic = topics.get(of);
      if (!topic) return [''];
      if (topic.worst === undefined) return ['lag unknown'];
      if (ageOf(of) !== undefined) return [`lag ${short.format(topic.lag)}, old`, 'old'];
      return [`lag ${count(topic.lag)}${topic.unknown > 0 ? '+' : ''}`, topic.lag > 0 && 'trouble'];
    },
    partitions(of) {
      const topic = topics.get(of);
      if (!topic) return [isAssigned ? 'not read here' : 'not read yet'];
      const { partitions, worst } = topic;
      const read = partitions === 1 ? '1 partition' : `${partitions} partitions`;
      return [
        worst && worst.lag > 0 && partitions > 1
          ? `${read}, ${short.format(worst.lag)} at ${worst.partition}`
          : read,
      ];
    },
    partitionsOnly: (of) => [count(topics.get(of)?.partitions ?? 0)],
    lagOnly(of) {
      const topic = topics.get(of);
      if (!topic) return ['–'];
      if (topic.worst === undefined) return ['unknown'];
      const text = `${count(topic.lag)}${topic.unknown > 0 ? '+' : ''}`;
      const age = ageOf(of);
      return age === undefined
        ? [text, topic.lag > 0 && 'trouble']
        : [`${text}, ${duration(age)} ago`, 'old'];
    },
    worst(of) {
      const worst = topics.get(of)?.worst;
      return [worst && worst.lag > 0 ? `${count(worst.lag)} in partition ${worst.partition}` : '–'];
    },
    size(of) {
      const store = stores.get(of);
      if (!store) return [isAssigned ? 'not here' : 'not here yet'];
      if (store.remaining > 0) return [`${count(store.remaining)} to restore`, 'trouble'];
      return [`${count(store.entries)} · ${size(store.bytes)}`];
    },
    storeTasks: (of) => [count(stores.get(of)?.tasks ?? 0)],
    entries: (of) => [count(stores.get(of)?.entries ?? 0)],
    bytes: (of) => [size(stores.get(of)?.bytes ?? 0)],
    remaining: (of) => [
      count(stores.get(of)?.remaining ?? 0),
      (stores.get(of)?.remaining ?? 0) > 0 && 'trouble',
    ],
    dead: (of) => [
      (nodes.get(of)?.deadLettered ?? 0) > 0 ? `${short.format(nodes.get(of)?.deadLettered ?? 0)} dead` : '',
    ],
    stopped(of) {
      const { deadLettered = 0, dropped = 0, late = 0 } = nodes.get(of) ?? {};
      const both = dropped > 0 && late > 0;
      const parts = [
        dropped > 0 && !both ? `${short.format(dropped)} dropped` : '',
        late > 0 && !both ? `${short.format(late)} late` : '',
        both ? `${short.format(dropped + late)} dropped/late` : '',
      ];
      const text = parts.filter(Boolean).join(', ');
      return [deadLettered > 0 && text !== '' ? `, ${text}` : text];
    },
    deadOnly: (of) => [
      count(nodes.get(of)?.deadLettered ?? 0),
      (nodes.get(of)?.deadLettered ?? 0) > 0 && 'trouble',
    ],
    droppedOnly: (of) => [count(nodes.get(of)?.dropped ?? 0)],
    lateOnly: (of) => [count(nodes.get(of)?.late ?? 0)],
    deadLetters(of) {
      const names = /** @type {string[]} */ (JSON.parse(of));
      const sum = names.reduce((total, name) => total + (now.dead.get(name) ?? 0), 0);
      return [sum > 0 ? `${count(sum)} dead` : '0 dead'];
    },
  };
  for (const at of document.querySelectorAll('[data-show]')) {
    const { show: what = '', of = '' } = /** @type {HTMLElement} */ (at).dataset;
    const [text, look = false] = texts[what]?.(of) ?? [''];
    write(at, text);
    at.classList.toggle('is-trouble', look === 'trouble');
    at.classList.toggle('is-old', look === 'old');
  }
}

/** @param {StreamsFigures} figures */
function showState(figures) {
  const { state, stateSince, isPaused, errorCode, threads, stores, topics } = figures;
  const left = stores.reduce((sum, { remaining }) => sum + remaining, 0);
  const tasks = threads.reduce((sum, thread) => sum + thread.tasks, 0);
  const idle = threads.reduce((sum, thread) => sum + thread.idleTasks, 0);
  const code = state === 'ERROR' && errorCode !== undefined ? ` (${errorCode})` : '';
  document.body.dataset.state = state;
  write(element('state'), `${state}${code} since ${clock.format(stateSince)}`);
  const over = isOver(figures);
  const notes = [
    over ? 'The application has stopped: these are its last figures.' : '',
    isPaused && !over ? 'The application is paused: no record is processed.' : '',
    state === 'RESTORING' && left > 0 ? `${count(left)} offsets of changelogs are still to be restored.` : '',
    topics.some(({ readAt }) => ageAbove(figures, readAt, oldMs) !== undefined)
      ? 'Some lags are old: nothing was fetched of these topics since.'
      : '',
    idle > 0 && !over
      ? `${count(idle)} of ${count(tasks)} tasks are not at work: the lags of their topics may be old.`
      : '',
    ...threads.map(({ readAt }, i) => {
      const age = ageAbove(figures, readAt, silentMs);
      return age === undefined
        ? ''
        : `Thread ${i} has not replied for ${duration(age)}: its figures are from then.`;
    }),
  ].filter(Boolean);
  const list = element('notes');
  if (list.textContent !== notes.join('')) list.replaceChildren(...notes.map((note) => withText('li', note)));
  const rows = threads.map(({ state: own, tasks: ofThread, idleTasks, readAt }, i) => {
    const row = document.createElement('tr');
    const cells = [
      own,
      count(ofThread),
      count(idleTasks),
      readAt === undefined ? 'none yet' : clock.format(readAt),
    ];
    const head = withText('th', String(i));
    head.setAttribute('scope', 'row');
    row.append(head, ...cells.map((text) => withText('td', text)));
    return row;
  });
  element('thread-rows').replaceChildren(...rows);
}

/** @param {string} tag @param {string} text */
function withText(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** How fresh the figures are. Only the beginning of a loss is read out. */
function showFreshness() {
  const at = cameAt === 0 ? '' : clock.format(cameAt);
  document.body.classList.toggle('stale', isLost);
  const lost = element('lost');
  lost.hidden = !isLost;
  if (isLost)
    write(
      lost,
      at === '' ? 'No connection: there are no figures.' : `No connection: the figures are of ${at}.`,
    );
  else write(lost, '');
  write(
    element('read'),
    at === '' ? '' : `Figures of ${at}${isLost ? `, ${duration(Date.now() - cameAt)} ago` : ''}`,
  );
}

async function readFigures() {
  try {
    const response = await fetch(source, { signal: AbortSignal.timeout(5000), cache: 'no-store' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const figures = /** @type {StreamsFigures} */ (await response.json());
    // Rates over a time in which nobody looked, or over a restart of the process, would be of no use.
    const last = samples.at(-1);
    const now = sampleOf(figures);
    if (last && (figures.at <= last.at - 60_000 || figures.at - last.at > rateOverMs || hasFallen(last, now)))
      samples = [];
    if (samples.length === 0 || !last || figures.at > last.at) samples.push(now);
    const { at } = /** @type {Sample} */ (samples.at(-1));
    while (samples.length > 2 && at - /** @type {Sample} */ (samples[1]).at >= rateOverMs) samples.shift();
    cameAt = Date.now();
    isLost = false;
    if (drawsOthers(figures) && performance.now() > shownMs) location.reload();
    show(figures, now);
    showState(figures);
  } catch {
    isLost = true;
  }
  showFreshness();
}

/** Whether patterns match topics that the page does not draw. @param {StreamsFigures} figures */
function drawsOthers({ topics }) {
  if (!('patterns' in document.body.dataset)) return false;
  const drawn = new Set(
    [...document.querySelectorAll('[data-show="partitionsOnly"]')].map(
      (at) => /** @type {HTMLElement} */ (at).dataset.of,
    ),
  );
  return topics.some(({ topic }) => !drawn.has(topic));
}

async function follow() {
  for (;;) {
    if (!document.hidden) await readFigures();
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, everyMs);
      document.addEventListener('visibilitychange', () => (clearTimeout(timer), resolve(undefined)), {
        once: true,
      });
    });
  }
}

/** Where the picture is wider than the page, it begins with what is read first. */
function showBeginning() {
  document.querySelector('svg .topic')?.scrollIntoView({ inline: 'center', block: 'nearest' });
}

const fit = element('fit');
fit.addEventListener('click', () => {
  const isFit = fit.getAttribute('aria-pressed') !== 'true';
  fit.setAttribute('aria-pressed', String(isFit));
  document.body.classList.toggle('fit', isFit);
  if (!isFit) showBeginning();
});
showBeginning();
void follow();
