"""The look of the page, and the few lines of script that decide between the turning figure and the still one."""

#: One column, one accent colour, system fonts; light on purpose, as figures are made for white paper.
CSS = """
:root {
  color-scheme: light;
  --ink: #22303c; --muted: #66727f; --faint: #e4e8ec; --paper: #ffffff; --tint: #f6f8f9; --accent: #1b5e84;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans",
    "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; background: var(--paper); }
body { margin: 0; color: var(--ink); background: var(--paper); font: 17px/1.6 var(--sans); }
main { max-width: 49rem; margin: 0 auto; padding: 4rem 1.5rem 5rem; }
header { margin-bottom: 3.5rem; }
h1 { font-size: clamp(1.9rem, 5.2vw, 2.9rem); line-height: 1.16; letter-spacing: -0.022em; font-weight: 650;
  margin: 0.4rem 0 1.3rem; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 1.18rem; line-height: 1.3; letter-spacing: -0.008em; font-weight: 620; margin: 0 0 1rem; }
p { margin: 0 0 1rem; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
.target { margin: 0; color: var(--accent); font-weight: 600; font-size: 1rem; overflow-wrap: anywhere; }
.subtitle { color: var(--muted); margin: 0.5rem 0 0; max-width: 42rem; }
.confidence { display: flex; align-items: center; gap: 0.75rem; margin: 0; font-variant-numeric: tabular-nums; }
.meter { display: inline-block; width: 7.5rem; height: 5px; border-radius: 3px;
  background: var(--faint); overflow: hidden; }
.meter span { display: block; height: 100%; background: var(--accent); }
section { margin: 0 0 4rem; scroll-margin-top: 1.5rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.94rem; line-height: 1.45; }
th, td { text-align: left; vertical-align: baseline; padding: 0.6rem 1.1rem 0.6rem 0;
  border-bottom: 1px solid var(--faint); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 500; font-size: 0.82rem; padding-top: 0; }
tbody th { font-weight: 560; }
.value { font-variant-numeric: tabular-nums; white-space: nowrap; }
.evidence th[scope=row] { min-width: 9rem; }
section.notes { margin-bottom: 2.5rem; }
.notes { background: var(--tint); padding: 1.3rem 1.5rem; border-radius: 6px; }
.notes h2 { font-size: 1rem; margin-bottom: 0.4rem; }
.notes ul { margin: 0; padding-left: 1.1rem; font-size: 0.94rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.35rem 1.4rem; margin: 0 0 4rem; padding: 0.95rem 0; font-size: 0.94rem;
  border-top: 1px solid var(--faint); border-bottom: 1px solid var(--faint); }
figure { margin: 0 0 1rem; }
.plate { overflow-x: auto; }
.plate svg { display: block; width: 100%; height: auto; max-height: 46rem; margin: 0; }
.plate svg text { font-family: var(--sans) !important; }
figcaption { color: var(--muted); font-size: 0.94rem; line-height: 1.55; margin-top: 0.9rem; max-width: 44rem; }
.hint { color: var(--muted); font-size: 0.82rem; margin: 0; }
.live { display: none; }
html.turns .live { display: block; }
html.turns .still { display: none; }
details { font-size: 0.94rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
pre { margin: 0.75rem 0 0; padding: 1.1rem 1.25rem; overflow-x: auto; background: var(--tint); border-radius: 6px;
  font: 0.84rem/1.6 var(--mono); tab-size: 4; }
code { font: inherit; }
dl { margin: 0; columns: 2; column-gap: 3rem; font-size: 0.88rem; line-height: 1.45; }
dl div { display: flex; justify-content: space-between; gap: 1.2rem; padding: 0.32rem 0;
  border-bottom: 1px solid var(--faint); break-inside: avoid; }
dt { color: var(--muted); overflow-wrap: anywhere; }
dd { margin: 0; text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
footer { color: var(--muted); font-size: 0.84rem; }
@media (max-width: 40rem) {
  body { font-size: 16px; }
  main { padding: 2.25rem 1.1rem 3rem; }
  header { margin-bottom: 2.5rem; }
  section, nav { margin-bottom: 3rem; }
  .plate svg { min-width: min(34rem, 150%, var(--width, 34rem)); }
  dl { columns: 1; }
  .evidence, .evidence tbody, .evidence tr, .evidence th, .evidence td { display: block; border: 0; padding: 0; }
  .evidence thead { display: none; }
  .evidence tr { padding: 0.75rem 0; border-bottom: 1px solid var(--faint); }
}
@media print {
  @page { margin: 18mm 16mm; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  header { margin-bottom: 2rem; }
  h1 { font-size: 22pt; }
  section { margin-bottom: 2rem; }
  figure, tr, .notes { break-inside: avoid; }
  h2 { break-after: avoid; }
  nav, details, .hint { display: none; }
  .live, html.turns .live { display: none !important; }
  .still, html.turns .still { display: block !important; }
  .plate { overflow: visible; }
  .plate svg { max-height: 120mm; }
  .wide { overflow: visible; }
}
""".strip()

#: Run before anything is drawn: where the browser can draw in space, the turning figures replace the still ones.
SCRIPT = """
(function () {
  try {
    var canvas = document.createElement("canvas");
    if (canvas.getContext("webgl") || canvas.getContext("experimental-webgl"))
      document.documentElement.classList.add("turns");
  } catch (error) { /* without WebGL the still figures stay */ }
})();
""".strip()
