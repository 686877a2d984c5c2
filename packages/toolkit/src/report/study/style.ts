/** @file The style of a study's report: light and dark, phone to paper. Charts take their colors from here. */

/** One color per method, the same in every chart; they can be distinguished with red-green blindness, too. */
const light = [
  "#0063b8",
  "#c4510a",
  "#00795c",
  "#9a3397",
  "#8a6d00",
  "#b3244a",
  "#3a5a6e",
  "#5b4bb5",
  "#4d7a1f",
  "#59636e",
];
const dark = [
  "#58a6ff",
  "#ff9d57",
  "#3fd0a4",
  "#e08be0",
  "#e3c341",
  "#ff8fa3",
  "#9fc0d4",
  "#b3a6ff",
  "#a8d66a",
  "#9198a1",
];

const variables = (colors: readonly string[]): string => colors.map((color, i) => `--c${i}: ${color};`).join(" ");

const lightTheme = `${variables(light)} --text: #1c2128; --muted: #59636e; --line: #d1d9e0; --grid: #e4e8ec; --ground: #ffffff; --panel: #ffffff; --mark: #f6f8fa; --good: #0969da; --bad: #c4510a;`;
const darkTheme = `${variables(dark)} --text: #e6edf3; --muted: #9198a1; --line: #3d444d; --grid: #2a3038; --ground: #0d1117; --panel: #12171e; --mark: #161b22; --good: #58a6ff; --bad: #ff9d57;`;

const series = light.map((_, i) => `.c${i} { --c: var(--c${i}); }`).join(" ");

export const studyStyle = `
:root { color-scheme: light dark; ${lightTheme} }
@media (prefers-color-scheme: dark) { :root { ${darkTheme} } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); max-width: 76rem; margin: 1.5rem auto 4rem; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 0.6rem; } h2 { font-size: 1.3rem; margin: 2.4rem 0 0.4rem; } h3 { font-size: 1.05rem; margin: 1.6rem 0 0.4rem; }
p { max-width: 46rem; margin: 0.4rem 0 0.8rem; } p.finding { font-size: 1.12rem; } .muted, figcaption, p.about { color: var(--muted); font-size: 0.92rem; } p.about:has(+ .scroll) { margin: 1rem 0 0; }
a { color: var(--c0); } code { font-size: 0.86em; overflow-wrap: anywhere; }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; font-size: 0.95rem; }
ul.cases { padding-left: 1.1rem; max-width: 46rem; } ul.cases li { margin: 0.5rem 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0.9rem; margin: 0.8rem 0; } .panels figure { max-width: 36rem; } .panels.pairs { grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
figure { margin: 0; border: 1px solid var(--line); border-radius: 8px; padding: 0.6rem 0.6rem 0.5rem; background: var(--panel); break-inside: avoid; }
figure svg { width: 100%; height: auto; display: block; overflow: visible; } figcaption { padding: 0 0.2rem; } figcaption strong { color: var(--text); display: block; font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; list-style: none; margin: 0.6rem 0 0; padding: 0; font-size: 0.92rem; } svg.key { width: 14px; height: 14px; vertical-align: -2px; margin-right: 0.35rem; }
${series}
.line { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; } .whisker { stroke: var(--c); stroke-width: 1.2; opacity: 0.65; }
.mark { fill: var(--c); stroke: var(--panel); stroke-width: 0.7; } .mark.hollow { fill: var(--panel); stroke: var(--c); stroke-width: 0.9; } .dot { fill: var(--c); }
.front { fill: none; stroke: var(--muted); stroke-width: 1.2; stroke-dasharray: 3 3; } .float { stroke: var(--muted); stroke-width: 1.3; stroke-dasharray: 5 4; }
.grid { stroke: var(--grid); stroke-width: 1; } svg text { font: 12px system-ui, sans-serif; fill: var(--muted); } svg text.below { fill: var(--c); font-weight: 600; paint-order: stroke; stroke: var(--panel); stroke-width: 3px; stroke-linejoin: round; } svg text.note { fill: var(--text); paint-order: stroke; stroke: var(--panel); stroke-width: 3px; stroke-linejoin: round; }
svg text.count { fill: var(--text); font-size: 10.5px; }
.cell { fill: color-mix(in srgb, var(--k) var(--s), var(--mark)); } .wrong { --k: color-mix(in srgb, var(--bad) 75%, var(--panel)); } .worse { --k: color-mix(in srgb, var(--bad) 70%, var(--panel)); } .better { --k: color-mix(in srgb, var(--good) 60%, var(--panel)); } .diagonal { fill: color-mix(in srgb, var(--good) 14%, var(--panel)); }
.scroll { overflow-x: auto; margin: 0.6rem 0; } table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; min-width: 100%; }
th, td { padding: 0.28rem 0.55rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; vertical-align: top; } td.main { font-weight: 650; }
th { color: var(--muted); white-space: normal; vertical-align: bottom; font-weight: 600; position: sticky; top: 0; background: var(--ground); } th.text, td.text { text-align: left; } td.wrap { white-space: normal; min-width: 14rem; text-align: left; overflow-wrap: anywhere; }
th button { all: unset; cursor: pointer; } th button:focus-visible { outline: 2px solid var(--c0); } th[aria-sort="ascending"] button::after { content: " ▲"; } th[aria-sort="descending"] button::after { content: " ▼"; }
td.invalid { text-decoration: line-through; color: var(--muted); } td.tint { background: color-mix(in srgb, var(--k) var(--s), transparent); }
.bar { display: inline-block; height: 0.7em; background: var(--c0); vertical-align: baseline; border-radius: 2px; min-width: 2px; } .figure { display: inline-block; min-width: 4.5rem; } .bar.peer { background: var(--c9); }
details { margin: 0.6rem 0; } summary { cursor: pointer; color: var(--c0); }
#tip { position: fixed; pointer-events: none; background: var(--text); color: var(--ground); font-size: 0.82rem; padding: 0.25rem 0.5rem; border-radius: 4px; max-width: 20rem; z-index: 2; }
@media (max-width: 40rem) { body { margin-top: 1rem; } h1 { font-size: 1.4rem; } }
@media print { :root { ${lightTheme} color-scheme: light; } html { font-size: 11px; } body { max-width: none; margin: 0; font-size: 1rem; } nav, summary { display: none; } h2 { break-after: avoid; } h3 { break-after: avoid; } tr { break-inside: avoid; } .panels { grid-template-columns: repeat(2, 1fr); } .scroll { overflow: visible; } table { font-size: 8.5px; min-width: 0; } th { position: static; } td { white-space: normal; } code { font-size: 7.5px; } }
`;
