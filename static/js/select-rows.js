// data-select-rows: a box for all rows, a count of the ticked ones, buttons that need at least one.
for (const area of document.querySelectorAll("[data-select-rows]")) {
  const all = area.querySelector("[data-select-all]");
  const boxes = () => [...area.querySelectorAll("tbody input[type=checkbox]:not(:disabled)")];
  const refresh = () => {
    const every = boxes();
    const ticked = every.filter((box) => box.checked).length;
    if (all) {
      all.checked = ticked > 0 && ticked === every.length;
      all.indeterminate = ticked > 0 && ticked < every.length;
    }
    for (const box of every) box.closest("tr").classList.toggle("selected", box.checked);
    for (const text of area.querySelectorAll("[data-selected-count]")) text.textContent = ticked;
    for (const button of area.querySelectorAll("[data-needs-selection]")) button.disabled = ticked === 0;
  };
  area.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    refresh();
  });
  window.addEventListener("pageshow", refresh);
  refresh();
}
