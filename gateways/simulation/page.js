"use strict";
// Hovering lights a policy in every picture, a click keeps it lit; lines tell their values; tables sort. The page is whole without it.
(() => {
  const body = document.body, tip = document.getElementById("tip");
  let kept = null;

  const light = (policy) => {
    body.toggleAttribute("data-lit", policy !== null);
    for (const each of document.querySelectorAll("svg g[data-policy]")) each.classList.toggle("lit", each.dataset.policy === policy);
  };
  for (const chip of document.querySelectorAll(".chip")) {
    const policy = chip.dataset.key;
    chip.addEventListener("pointerenter", () => light(policy));
    chip.addEventListener("pointerleave", () => light(kept));
    chip.addEventListener("click", () => {
      kept = kept === policy ? null : policy;
      for (const other of document.querySelectorAll(".chip")) other.setAttribute("aria-pressed", String(other.dataset.key === kept));
      light(kept);
    });
  }

  const place = (event) => {
    const box = tip.getBoundingClientRect();
    const left = event.clientX + 16 + box.width > innerWidth ? event.clientX - box.width - 16 : event.clientX + 16;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - box.height - 4))}px`;
  };
  const show = (event, nodes) => { tip.replaceChildren(...nodes); tip.style.display = "block"; place(event); };
  const hide = () => { tip.style.display = "none"; };
  const element = (name, text) => { const made = document.createElement(name); made.textContent = text; return made; };

  for (const svg of document.querySelectorAll("svg[data-told]")) {
    const told = JSON.parse(svg.dataset.told), rule = svg.querySelector(".hover");
    svg.addEventListener("pointermove", (event) => {
      const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
      let nearest = 0;
      told.x.forEach((at, index) => { if (Math.abs(at - x) < Math.abs(told.x[nearest] - x)) nearest = index; });
      rule.setAttribute("x1", told.x[nearest]); rule.setAttribute("x2", told.x[nearest]); rule.style.visibility = "visible";
      const table = document.createElement("table");
      for (const [name, values] of told.series) {
        const row = table.insertRow();
        row.append(element("td", name), element("td", values[nearest]));
      }
      show(event, [element("b", told.labels[nearest]), table]);
    });
    svg.addEventListener("pointerleave", () => { rule.style.visibility = "hidden"; hide(); });
  }
  for (const told of document.querySelectorAll("[data-tip]")) {
    told.addEventListener("pointermove", (event) => show(event, [element("span", told.dataset.tip)]));
    told.addEventListener("pointerleave", hide);
  }

  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th"), table = head.closest("table"), rows = table.tBodies[0];
      const rising = head.getAttribute("aria-sort") !== "ascending", column = head.cellIndex;
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      const value = (row) => Number(row.cells[column].dataset.v);
      rows.append(...[...rows.rows].sort((a, b) => (rising ? 1 : -1) * (value(a) - value(b))));
    });
  }
})();
