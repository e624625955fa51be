// Origins of web pages, as a public key lists them: exact ones, and all sub-domains of a name.

/** Origins that a key is bound to. */
export interface Origins {
  /** Whether pages of this origin, as a browser sends it in `Origin`, may use the key. */
  allow: (origin: string) => boolean;
}

const form = 'https://shop.example, http://localhost:5173 or https://*.shop.example';

/**
 * An origin in its one form: lower case, in ASCII, without the scheme's own port. `*.` before a name of at
 * least two labels stands for every sub-domain of it, at any depth, and not for the name itself.
 *
 * @throws Error that says what an origin is.
 * @example originOf('HTTPS://Shop.Example:443/') // 'https://shop.example'
 */
export function originOf(text: string): string {
  const written = text.trim();
  const [, scheme = '', star, host = ''] = /^(https?:\/\/)(\*\.)?([^/?#@*\s]+)\/?$/i.exec(written) ?? [];
  const url = URL.parse(`${scheme}${host}`);
  if (url === null || url.origin === 'null' || url.pathname !== '/') throw new Error(problem(written));
  if (star === undefined) return url.origin;
  const isName = /^[^.]+(\.[^.]+)*\.[^.\d][^.]*$/.test(url.hostname);
  if (!isName) throw new Error(`${problem(written)}; *. stands before a name of two labels or more`);
  return url.origin.replace('://', '://*.');
}

function problem(text: string): string {
  return `${text === '' ? 'nothing' : text} is not an origin: write ${form}`;
}

/** Looks up origins by a list of {@link originOf}'s form. */
export function originsOf(list: readonly string[]): Origins {
  const exact = new Set(list);
  const names = list
    .filter((origin) => origin.includes('://*.'))
    .map((origin) => {
      const at = origin.indexOf('*');
      return { before: origin.slice(0, at), after: origin.slice(at + 1) };
    });
  return {
    allow(origin) {
      if (exact.has(origin)) return !origin.includes('*');
      return names.some(
        ({ before, after }) =>
          origin.length > before.length + after.length &&
          origin.startsWith(before) &&
          origin.endsWith(after) &&
          !/[/:@?#*]/.test(origin.slice(before.length, -after.length)),
      );
    },
  };
}
