// The script of a report's page: sorting tables, sorting and filtering clips, still pictures. The
// page says the same without it.

/// What `ReportPage` puts at the page's end.
enum ReportScript {
  /// The whole script.
  static let text = """
    "use strict";
    // Tables: a button in each heading.
    function sortKey(row, column) {
      const text = row.cells[column].textContent.trim();
      const number = parseFloat(text);
      return Number.isNaN(number) ? text.toLowerCase() : number;
    }
    function compare(a, b) {
      if (typeof a === typeof b) { return a < b ? -1 : a > b ? 1 : 0; }
      return typeof a === "number" ? -1 : 1;
    }
    for (const table of document.querySelectorAll("table.sortable")) {
      const headings = [...table.tHead.rows[0].cells];
      headings.forEach((heading, column) => {
        const button = document.createElement("button");
        button.type = "button";
        button.append(...heading.childNodes);
        heading.append(button);
        heading.setAttribute("aria-sort", "none");
        button.addEventListener("click", () => {
          const isUp = heading.getAttribute("aria-sort") !== "ascending";
          headings.forEach(other => other.setAttribute("aria-sort", "none"));
          heading.setAttribute("aria-sort", isUp ? "ascending" : "descending");
          const sign = isUp ? 1 : -1;
          const body = table.tBodies[0];
          const rows = [...body.rows].map(row => [sortKey(row, column), row]);
          rows.sort((a, b) => sign * compare(a[0], b[0]));
          body.append(...rows.map(row => row[1]));
        });
      });
    }
    // Pictures: the first frame alone, and back.
    function still(image, isStill) {
      if (!image.dataset.moving) { image.dataset.moving = image.src; }
      if (!isStill) { image.src = image.dataset.moving; return; }
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      if (!canvas.width || !canvas.height) { return; }
      canvas.getContext("2d").drawImage(image, 0, 0);
      image.src = canvas.toDataURL("image/jpeg", 0.8);
    }
    // Clips: sort the classes, filter the cards.
    for (const clips of document.querySelectorAll(".clips")) {
      const controls = clips.querySelector(".controls");
      const control = name => controls.querySelector(`[data-control=${name}]`);
      const output = controls.querySelector("output");
      const categories = [...clips.querySelectorAll(".category")];
      function update() {
        const [key, direction] = control("sort").value.split("-");
        const sign = direction === "down" ? -1 : 1;
        const sorted = [...categories];
        if (key !== "order") {
          sorted.sort((a, b) => sign * (Number(a.dataset[key]) - Number(b.dataset[key])));
        }
        clips.append(...sorted);
        const words = control("find").value.toLowerCase().split(/\\s+/).filter(Boolean);
        const kind = control("show").value;
        let shown = 0;
        for (const category of categories) {
          let left = 0;
          for (const card of category.querySelectorAll(".card")) {
            const text = card.dataset.text.toLowerCase();
            const fits = (kind === "all" || card.classList.contains(kind))
              && words.every(word => text.includes(word));
            card.hidden = !fits;
            left += fits ? 1 : 0;
          }
          category.hidden = left === 0;
          shown += left;
        }
        output.textContent = `${shown} clips in ${categories.filter(c => !c.hidden).length} classes`;
      }
      for (const name of ["sort", "show"]) { control(name).addEventListener("change", update); }
      control("find").addEventListener("input", update);
      const button = control("still");
      function setStill(isStill) {
        button.setAttribute("aria-pressed", String(isStill));
        for (const image of clips.querySelectorAll("img")) { still(image, isStill); }
      }
      button.addEventListener("click", () =>
        setStill(button.getAttribute("aria-pressed") !== "true"));
      controls.hidden = false;
      update();
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
        addEventListener("load", () => setStill(true));
      }
    }

    """
}
