/** @file The frame of a report: one HTML file that contains everything, readable in light and dark, and printable. */

const style = `
:root { color-scheme: light dark; --text: #1c2128; --muted: #59636e; --line: #d1d9e0; --ground: #ffffff; --panel: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --muted: #9198a1; --line: #3d444d; --ground: #0d1117; --panel: #f6f8fa; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 1.2rem 0 0.4rem; }
p.lead { color: var(--muted); margin-top: 0; }
.scroll + p.lead { margin-top: 0.75rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.5rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
td { white-space: nowrap; } th.prose, td.prose { text-align: left; white-space: normal; min-width: 13rem; }
th:first-child, td:first-child { text-align: left; } th { color: var(--muted); font-weight: 600; }
figure { margin: 1rem 0; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 0.75rem; }
figure svg { width: 100%; min-width: 40rem; height: auto; display: block; } figcaption { color: #59636e; font-size: 0.9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; } dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0.75rem; } .pair figure { margin: 0; } .pair svg { min-width: 0; }
section { break-inside: avoid; }
@media print { body { max-width: none; margin: 0; } figure svg { min-width: 0; } }
`;

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]!);

/** @param body HTML, @param look style and script in place of the usual ones */
export const page = (
  title: string,
  body: string,
  look: { readonly style: string; readonly script?: string } = { style },
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${look.style}</style>
</head>
<body>
<main>
${body}
</main>${look.script === undefined ? "" : `\n<script type="module">${look.script}</script>`}
</body>
</html>
`;

/** @param prose header of the column with sentences, if there is one: it is aligned to the left and wraps */
export function htmlTable(header: readonly string[], rows: readonly (readonly string[])[], prose?: string): string {
  const styled = header.map((name) => (name === prose ? ' class="prose"' : ""));
  const head = header.map((cell, i) => `<th scope="col"${styled[i]}>${escapeHtml(cell)}</th>`).join("");
  const body = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td${styled[i]}>${escapeHtml(cell)}</td>`).join("")}</tr>`,
  );
  return `<div class="scroll"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table></div>`;
}

/** @param description of the picture, for screen readers */
export const figure = (svg: string, description: string): string =>
  `<figure><div class="scroll">${svg.replace("<svg ", () => `<svg role="img" aria-label="${escapeHtml(description)}" `)}</div><figcaption>${escapeHtml(description)}</figcaption></figure>`;

export const definitions = (entries: Readonly<Record<string, string>>): string =>
  `<dl>${Object.entries(entries)
    .map(([term, value]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(value)}</dd>`)
    .join("")}</dl>`;
