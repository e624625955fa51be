// Times as the topics carry them, read and written without a Date where the day is known already.

const dayMs = 86_400_000;
/** Days as text and as epoch milliseconds, both ways: few days are at work at one time. */
const starts = new Map<string, number>();
const days = new Map<number, string>();

function startOfDay(text: string): number {
  const known = starts.get(text);
  if (known !== undefined) return known;
  const start = Date.parse(`${text}T00:00:00.000Z`);
  const exact = !Number.isNaN(start) && new Date(start).toISOString().startsWith(text);
  if (starts.size >= 1_000) starts.clear();
  const found = exact ? start : Number.NaN;
  starts.set(text, found);
  return found;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Epoch milliseconds of a time written exactly `YYYY-MM-DDTHH:mm:ss.SSSZ`; NaN for every other text, and for
 * times that no calendar has.
 * @example parseIsoTime('2026-01-02T03:04:05.678Z') // 1767323045678
 */
export function parseIsoTime(text: string): number {
  if (
    text.length !== 24 ||
    text[10] !== 'T' ||
    text[13] !== ':' ||
    text[16] !== ':' ||
    text[19] !== '.' ||
    text[23] !== 'Z'
  ) {
    return Number.NaN;
  }
  const hours = digits(text, 11, 13);
  const minutes = digits(text, 14, 16);
  const seconds = digits(text, 17, 19);
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN;
  const inDay = ((hours * 60 + minutes) * 60 + seconds) * 1000 + digits(text, 20, 23);
  return startOfDay(text.slice(0, 10)) + inDay;
}

function paddedNumbers(below: number, width: number): readonly string[] {
  return Array.from({ length: below }, (_, number) => String(number).padStart(width, '0'));
}

const twoDigits = paddedNumbers(60, 2);
const threeDigits = paddedNumbers(1_000, 3);
/** Whole minutes as text: windows begin and end with them. */
const minuteTexts = new Map<number, string>();
const minuteMs = 60_000;

/** The inverse of {@link parseIsoTime}. @throws RangeError outside the years 0 to 9999. */
export function isoTime(time: number): string {
  if (time % minuteMs !== 0) return textOf(time);
  let text = minuteTexts.get(time);
  if (text === undefined) {
    text = textOf(time);
    if (minuteTexts.size >= 1_000) minuteTexts.clear();
    minuteTexts.set(time, text);
  }
  return text;
}

function textOf(time: number): string {
  const day = Math.floor(time / dayMs);
  let text = days.get(day);
  if (text === undefined) {
    text = new Date(day * dayMs).toISOString().slice(0, 11);
    if (days.size >= 1_000) days.clear();
    days.set(day, text);
  }
  const inDay = time - day * dayMs;
  const seconds = Math.floor(inDay / 1000);
  const minutes = Math.floor(seconds / 60);
  const clock = `${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}`;
  return `${text}${clock}.${threeDigits[inDay % 1000]}Z`;
}

const shortForms = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(?:[.,]\d+)?)?(?:(Z)|([+-]\d\d)(?::?(\d\d))?)$/i;

/**
 * A date and time with an offset, in the long form of ISO 8601: the standard lets people leave out the
 * seconds, the colon and the minutes of the offset, and write a comma for the point.
 * Other texts stay as they are.
 * @example fullDateTime('2026-03-01T12:00+02') // '2026-03-01T12:00:00+02:00'
 */
export function fullDateTime(text: string): string {
  const parts = shortForms.exec(text);
  if (parts === null) return text;
  const [, day, minute, second = ':00', zulu, hours, minutes = '00'] = parts;
  return `${day}T${minute}${second.replace(',', '.')}${zulu === undefined ? `${hours}:${minutes}` : 'Z'}`;
}
