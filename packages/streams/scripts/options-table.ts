// The table of settings, made from the docstrings of StreamsOptions.

/** One setting. */
export interface Setting {
  name: string;
  type: string;
  required: boolean;
  /** The expression after `@default`, as it stands in the code. */
  fallback: string | undefined;
  doc: string;
}

/** The settings that a source file's `interface StreamsOptions` declares, in order. */
export function settingsOf(source: string): Setting[] {
  const body = /export interface StreamsOptions \{\n([\s\S]*?)\n\}/.exec(source)?.[1];
  if (body === undefined) throw new Error('the source declares no StreamsOptions');
  const settings: Setting[] = [];
  let comment = '';
  for (const line of body.split('\n')) {
    const member = /^ {2}(\w+)(\??): (.*);$/.exec(line);
    if (!member) {
      comment += `${line.replace(/^ *(\/\*\*|\*\/|\*) ?/, '').replace(/\*\/$/, '')}\n`;
      continue;
    }
    const [, name = '', optional = '', type = ''] = member;
    const [doc = '', fallback] = comment.split('@default');
    settings.push({
      name,
      type,
      required: optional === '',
      fallback: fallback?.trim(),
      doc: doc.replaceAll(/\s+/g, ' ').trim(),
    });
    comment = '';
  }
  return settings;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The settings as a Markdown table, its columns aligned as the formatter has them. */
export function optionsTable(source: string): string {
  const rows = settingsOf(source).map(({ name, type, required, fallback, doc }) => {
    const standard = required ? 'required' : fallback === undefined ? '' : `\`${fallback}\``;
    return [`\`${name}\``, `\`${cell(type)}\``, cell(standard), cell(doc)];
  });
  const head = ['setting', 'type', 'default', 'what it is'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
