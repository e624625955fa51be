// Numbers and times as people read them: English, 24 hours, the browser's time zone.

const language = 'en-GB';
const integers = new Intl.NumberFormat(language);
const percents = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });

/** The time zone that times are shown in. */
export const timeZone: string = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** A count; a dash where it is not known. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : integers.format(value);
}

/** A count with its noun: `1 event`, `2 events`. */
export function counted(value: number, noun: string, plural: string = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** A part of the whole. */
export function percent(share: number): string {
  return percents.format(share);
}

/** Formats moments in one way. */
function formatter(options: Intl.DateTimeFormatOptions): (at: string | number, zone?: string) => string {
  const made = new Map<string, Intl.DateTimeFormat>();
  return (at, zone = timeZone) => {
    let format = made.get(zone);
    if (!format) made.set(zone, (format = new Intl.DateTimeFormat(language, { ...options, timeZone: zone })));
    return format.format(new Date(at));
  };
}

/** `04:12:03` */
export const clock: (at: string | number, zone?: string) => string = formatter({
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
/** `04:12` */
export const hourMinute: (at: string | number, zone?: string) => string = formatter({
  hour: '2-digit',
  minute: '2-digit',
});
/** `23 Nov` */
export const dayMonth: (at: string | number, zone?: string) => string = formatter({
  day: 'numeric',
  month: 'short',
});
const fullDate = formatter({ day: 'numeric', month: 'short', year: 'numeric' });
const weekday = formatter({ weekday: 'short', day: 'numeric', month: 'short' });
const exact = formatter({
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/** `23 Nov 2026, 04:12:03.117` */
export function moment(at: string | number, zone: string = timeZone): string {
  return exact(at, zone);
}

/**
 * The time of something in a list: today to the second, else its day and minute; of another year its date.
 */
export function listTime(at: string, now: number, zone: string = timeZone): string {
  const day = fullDate(at, zone);
  if (day === fullDate(now, zone)) return clock(at, zone);
  return day.slice(-4) === fullDate(now, zone).slice(-4)
    ? `${dayMonth(at, zone)} ${hourMinute(at, zone)}`
    : day;
}

const units: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A length of time by its largest unit: `850 ms`, `12 s`, `5 min`, `3 h`, `2 d`. */
export function duration(milliseconds: number): string {
  for (const [length, unit] of units) {
    if (milliseconds >= length) return `${integers.format(Math.floor(milliseconds / length))} ${unit}`;
  }
  return `${Math.max(0, Math.round(milliseconds))} ms`;
}

/** How long ago: `just now`, `12 s ago`. */
export function ago(at: string | number, now: number): string {
  const age = now - new Date(at).getTime();
  return age < 1_000 ? 'just now' : `${duration(age)} ago`;
}

/** The time that a bucket of a timeline covers, with its year unless that is the year of `now`. */
export function bucketTime(
  start: string,
  interval: 'minute' | 'hour' | 'day',
  now: number = Date.now(),
): string {
  const begin = Date.parse(start);
  const year = fullDate(begin).slice(-4);
  const day = year === fullDate(now).slice(-4) ? weekday(begin) : `${weekday(begin)} ${year}`;
  if (interval === 'day') return day;
  const end = begin + (interval === 'hour' ? 3_600_000 : 60_000);
  return `${day}, ${hourMinute(begin)}–${hourMinute(end)}`;
}
