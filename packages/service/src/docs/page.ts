// The readable form of the OpenAPI document: one page of HTML, without scripts and without anything from
// another host.
import { hash } from 'node:crypto';
import type { OpenApiDocument, Operation } from './openapi.ts';

const style = `
:root { color-scheme: light dark; --line: light-dark(#d6d9de, #3a3f47); --soft: light-dark(#f4f5f7, #1e2227); --dim: light-dark(#5b6470, #9aa4b1) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 1rem 1rem 4rem }
h2 { font-size: 1.1rem; margin: 0 }
section { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: 1rem }
code, pre { font: .875rem/1.45 ui-monospace, monospace }
pre { background: var(--soft); border-radius: .375rem; padding: .75rem; overflow: auto }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; border-top: 1px solid var(--line); padding: .35rem .5rem .35rem 0 }
summary { cursor: pointer; color: var(--dim) }
.method { display: inline-block; min-width: 4.5rem }
.dim { color: var(--dim) }
`;

/** The page's Content-Security-Policy: its own style and nothing else. */
export const docsPolicy: string = `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; frame-ancestors 'none'`;

/** The page. */
export function docsPage(document: OpenApiDocument, origin: string): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      section(method.toUpperCase(), path, operation, origin),
    ),
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(document.info.title)}</title><style>${style}</style></head>
<body>
<h1>${escapeHtml(document.info.title)}</h1>
${document.info.description
  .split('\n\n')
  .map((paragraph) => `<p>${text(paragraph)}</p>`)
  .join('\n')}
<p>As <a href="/openapi.json">OpenAPI document</a>.</p>
${operations.join('\n')}
</body>
</html>
`;
}

function section(method: string, path: string, operation: Operation, origin: string): string {
  const answers = Object.entries(operation.responses)
    .map(
      ([status, { description }]) => `<tr><td><code>${status}</code></td><td>${text(description)}</td></tr>`,
    )
    .join('');
  const parameters = operation.parameters
    .map(
      ({ name, description }) =>
        `<tr><td><code>${escapeHtml(name)}</code></td><td>${text(description)}</td></tr>`,
    )
    .join('');
  return `<section>
<h2><code><span class="method">${method}</span>${escapeHtml(path)}</code></h2>
<p><strong>${escapeHtml(operation.summary)}.</strong> ${text(operation.description)}</p>
<pre>${escapeHtml(curl(method, path, operation, origin))}</pre>
${parameters === '' ? '' : `<table><tr><th>Parameter</th><th></th></tr>${parameters}</table>`}
<table><tr><th>Answer</th><th></th></tr>${answers}</table>
${bodySchema(operation)}
</section>`;
}

function bodySchema({ requestBody }: Operation): string {
  return Object.entries(requestBody?.content ?? {})
    .map(
      ([type, { schema }]) =>
        `<details><summary>Schema of ${escapeHtml(type)}</summary><pre>${escapeHtml(JSON.stringify(schema, undefined, 2))}</pre></details>`,
    )
    .join('\n');
}

function curl(method: string, path: string, { requestBody }: Operation, origin: string): string {
  const [type = 'application/json', { example } = {}] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const verb = method === 'GET' || example !== undefined ? '' : `-X ${method} `;
  const body =
    example === undefined ? '' : ` \\\n  -H 'content-type: ${type}' -d '${JSON.stringify(example)}'`;
  return `curl ${verb}${origin}${path}${body}`;
}

function text(markdown: string): string {
  return escapeHtml(markdown).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

/** Text as it stands in HTML, in attributes too. */
export function escapeHtml(plain: string): string {
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
