// A placed picture as SVG text. Colours and fonts are in the page's style sheet.
import {
  charWidth,
  lineHeight,
  type Placed,
  type PlacedArrow,
  type PlacedBox,
  type PlacedPart,
} from './layout.ts';
import type { Figure, Row } from './picture.ts';

/** Text as it stands in HTML and in SVG, in attributes too. */
export function escapeText(plain: string): string {
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The attributes by which the page's script finds a figure. */
export function figureAttributes({ figure }: { figure?: Figure | undefined }): string {
  return figure ? ` data-show="${figure.show}" data-of="${escapeText(figure.of)}"` : '';
}

const margin = 12;

/** The picture. `title` and `description` are for those who do not see it. */
export function toSvg(placed: Placed, title: string, description: string): string {
  const width = Math.ceil(placed.width + 2 * margin);
  const height = Math.ceil(placed.height + 2 * margin);
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="picture-title picture-description" width="${width}" height="${height}" viewBox="${-margin} ${-margin} ${width} ${height}">
<title id="picture-title">${escapeText(title)}</title><desc id="picture-description">${escapeText(description)}</desc>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>
${placed.parts.map(partSvg).join('\n')}
${placed.arrows.map(lineSvg).join('\n')}
${placed.boxes.map(boxSvg).join('\n')}
${placed.arrows.map(labelSvg).join('\n')}
</svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function partSvg({ part, x, y, width, height }: PlacedPart): string {
  return `<g class="part"><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="10"/><text x="${round(x + 12)}" y="${round(y + 18)}">${escapeText(part.title)}</text></g>`;
}

function boxSvg({ box, rows, x, y, width, height }: PlacedBox): string {
  const rx = box.kind === 'topic' || box.kind === 'repartition' || box.kind === 'deadLetters' ? 14 : 4;
  const texts = rows.map((row, i) => rowSvg(row, x + 10, y + 7 + i * lineHeight + 12));
  return `<g class="box ${box.kind}"><title>${escapeText(`${box.caption} ${box.name}`)}</title><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${rx}"/>${texts.join('')}</g>`;
}

function rowSvg(row: Row, x: number, y: number): string {
  const look = row.look === undefined ? '' : ` class="${row.look}"`;
  const indent = row.look === 'store' || row.figure?.show === 'size' ? 2 * charWidth : 0;
  const sign =
    row.look === 'store' && !row.text.startsWith(' ')
      ? `<path class="store-sign" d="M${round(x)} ${round(y - 8)}v7a4 2 0 0 0 9 0v-7a4 2 0 0 0-9 0a4 2 0 0 0 9 0"/>`
      : '';
  if (row.also) {
    const [first, second] = [figureAttributes(row), figureAttributes({ figure: row.also })];
    return `<text x="${round(x)}" y="${round(y)}"><tspan${look}${first}></tspan><tspan class="dim"${second}></tspan></text>`;
  }
  return `${sign}<text${look} x="${round(x + indent)}" y="${round(y)}"${figureAttributes(row)}>${escapeText(row.text.trim())}</text>`;
}

function lineSvg({ arrow, route }: PlacedArrow): string {
  const [first, ...rest] = route.points;
  if (!first) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  let last = first;
  // The line is open where its label stands.
  const top = route.label.y;
  const bottom = top + arrow.label.length * lineHeight;
  for (const point of rest) {
    const bend = round((last.y + point.y) / 2);
    const isStraight = Math.abs(point.x - last.x) < 0.5;
    const isLabelled = isStraight && Math.abs(point.x - route.label.x) < 0.5;
    if (isLabelled && Math.min(last.y, point.y) <= top && Math.max(last.y, point.y) >= bottom - 0.5) {
      const [near, far] = last.y < point.y ? [top, bottom + 3] : [bottom + 3, top];
      path += `L${round(point.x)} ${round(near)}M${round(point.x)} ${round(far)}L${round(point.x)} ${round(point.y)}`;
    } else if (isStraight) path += `L${round(point.x)} ${round(point.y)}`;
    else path += `C${round(last.x)} ${bend} ${round(point.x)} ${bend} ${round(point.x)} ${round(point.y)}`;
    last = point;
  }
  return `<path class="line ${arrow.kind}" d="${path}" marker-end="url(#arrow)"/>`;
}

function labelSvg({ arrow, route }: PlacedArrow): string {
  return arrow.label
    .map((row, i) => {
      const look = row.look === undefined ? '' : ` ${row.look}`;
      return `<text class="label${look}" x="${round(route.label.x)}" y="${round(route.label.y + i * lineHeight + 12)}"${figureAttributes(row)}>${escapeText(row.text)}</text>`;
    })
    .join('');
}
