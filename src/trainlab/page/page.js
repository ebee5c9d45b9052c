// What a page of trainlab can do beyond being read: it works on tables that stand there whole without it.
"use strict";
(() => {
  const FEW = 20; // Tables of fewer rows are seen at a glance: no filter.
  const POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

  // The number a cell begins with: "−1.2×10⁻⁴", "10⁻⁵", "1e-4", "<1", "49 of 50", "75.0 % (50–100)"; NaN
  // without one, as in "2-5-4-1".
  function number(words) {
    if (/^[+−-]?∞/.test(words)) return words[0] === "−" || words[0] === "-" ? -Infinity : Infinity;
    const plain = words.replace(/([×·]?10)([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, (_, ten, raised) => {
      const power = [...raised].map((one) => (one === "⁻" ? "-" : POWERS.indexOf(one))).join("");
      return `${ten === "10" ? "1" : ""}e${power}`;
    });
    const found = /^([<>≤≥≈]?)\s*([+−-]?)([\d,]*\.?\d+(?:e[+-]?\d+)?)(?![\w.-])/.exec(plain);
    if (!found) return NaN;
    // "<1" sorts below 1, ">99" above 99.
    const nudge = found[1] === "<" ? -1e-9 : found[1] === ">" ? 1e-9 : 0;
    const sign = found[2] === "−" || found[2] === "-" ? -1 : 1;
    return sign * Number(found[3].replaceAll(",", "")) * (1 + nudge);
  }

  const told = (row, column) => row.cells[column].textContent.trim();
  const empty = (words) => words === "" || words === "–";

  function sortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...body.rows];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        if (next === null) return body.append(...rows);
        head.setAttribute("aria-sort", next);
        const known = rows.map((row) => told(row, column)).filter((words) => !empty(words));
        const numeric = known.every((words) => !Number.isNaN(number(words)));
        const turn = next === "ascending" ? 1 : -1;
        const sorted = [...rows].sort((one, other) => {
          const [a, b] = [told(one, column), told(other, column)];
          if (empty(a) || empty(b)) return empty(a) - empty(b); // What isn't known stays last.
          return turn * (numeric ? number(a) - number(b) : a.localeCompare(b, undefined, { numeric: true }));
        });
        body.append(...sorted);
      });
    });
  }

  // Put <mark> around the words in the cells of a row, or take it away where there are none.
  function highlight(row, words) {
    for (const mark of row.querySelectorAll("mark")) mark.replaceWith(mark.textContent);
    row.normalize();
    if (!words.length) return;
    const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      const lower = text.data.toLowerCase();
      const hits = words.map((word) => [lower.indexOf(word), word.length]).filter(([at]) => at >= 0);
      if (!hits.length || lower.length !== text.data.length) continue;
      const [at, length] = hits.sort((a, b) => a[0] - b[0])[0];
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + length);
      range.surroundContents(document.createElement("mark"));
    }
  }

  function filterable(table, scroller) {
    const rows = [...table.tBodies[0].rows];
    const label = document.createElement("label");
    const input = document.createElement("input");
    const count = document.createElement("span");
    label.className = "filter";
    input.type = "search";
    input.placeholder = "words or numbers";
    count.setAttribute("role", "status");
    label.append("Show rows with ", input, count);
    scroller.before(label);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        highlight(row, []);
        const text = [...row.cells].map((cell) => cell.textContent.toLowerCase()).join(" ");
        row.hidden = !words.every((word) => text.includes(word));
        if (row.hidden) continue;
        shown += 1;
        highlight(row, words);
      }
      count.textContent = words.length ? `${shown} of ${rows.length}` : "";
    });
  }

  // What is wider than its place says so, and scrolls by keyboard.
  function hint() {
    for (const box of document.querySelectorAll(".tl-scroll,.tl-drawing")) {
      const wide = box.scrollWidth > box.clientWidth + 1;
      box.classList.toggle("wide", wide);
      if (wide) box.tabIndex = 0;
      else if (box.className === "tl-drawing") box.removeAttribute("tabindex");
    }
  }

  for (const table of document.querySelectorAll("table.tl-table")) {
    const count = table.tBodies[0]?.rows.length ?? 0;
    if (count > 2) sortable(table);
    if (count >= FEW) filterable(table, table.closest(".tl-scroll") ?? table);
  }
  hint();
  addEventListener("resize", hint);
  document.addEventListener("toggle", hint, true); // Folds that open.
})();
