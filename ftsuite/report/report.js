"use strict";
// A click on a column's heading sorts the table by it, a second click the other way round.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, column) => row.cells[column].dataset.value;
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => {
      const [first, second] = [value(a, column), value(b, column)];
      const numbers = column > 0 && [first, second].every((text) => text !== "" && !Number.isNaN(Number(text)));
      const order = numbers
        ? Number(first) - Number(second)
        : first.localeCompare(second, "en", { numeric: true });
      return down ? -order : order;
    });
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.tBodies[0].append(...rows);
  }));
}
