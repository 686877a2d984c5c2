/**
 * @file The script of a report: tooltips, and tables that can be sorted. Without scripts the report has the same
 * content.
 */

export const studyScript = `
const tip = Object.assign(document.createElement("div"), { id: "tip", hidden: true });
document.body.append(tip);
for (const mark of document.querySelectorAll("[data-tip]")) mark.querySelector("title")?.remove();
addEventListener("pointermove", ({ target, clientX, clientY }) => {
  const text = target.closest?.("[data-tip]")?.dataset.tip;
  tip.hidden = text === undefined;
  if (text === undefined) return;
  tip.textContent = text;
  tip.style.left = Math.max(4, Math.min(clientX + 12, innerWidth - tip.offsetWidth - 8)) + "px";
  tip.style.top = (clientY + 18 + tip.offsetHeight > innerHeight ? clientY - tip.offsetHeight - 10 : clientY + 18) + "px";
});
const valueOf = (row, column) => {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.replace("−", "-");
  const number = Number.parseFloat(text.replaceAll(",", ""));
  return Number.isNaN(number) ? text : number;
};
const compare = (a, b) =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
for (const table of document.querySelectorAll("table.sortable"))
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = Object.assign(document.createElement("button"), { textContent: head.textContent, title: "sort" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const falls = head.getAttribute("aria-sort") === "ascending";
      for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].sort((a, b) => compare(valueOf(a, column), valueOf(b, column)));
      table.tBodies[0].append(...(falls ? rows.reverse() : rows));
    });
  }
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  for (const each of unfolded) each.open = true;
});
addEventListener("afterprint", () => { for (const each of unfolded) each.open = false; });
`;
