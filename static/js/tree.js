// The tree of areas: type to narrow it (name, pinyin initials, code), walk it with the arrow keys.
const tree = document.querySelector("[data-tree]");
const box = document.querySelector("[data-tree-search]");
const status = document.querySelector("[data-tree-status]");

if (tree && box) {
  const links = [...tree.querySelectorAll("a[data-find]")];
  const wasOpen = new Map([...tree.querySelectorAll("details")].map((branch) => [branch, branch.open]));
  const text = new Map(links.map((link) => [link, [link.textContent.toLowerCase(), ...link.dataset.find.split(" ")]]));

  const matches = (link, words) => {
    const [name, letters, code] = text.get(link);
    return name.includes(words) || letters.includes(words) || code.startsWith(words);
  };

  const narrow = () => {
    const words = box.value.trim().toLowerCase();
    const found = words ? links.filter((link) => matches(link, words)) : links;
    const kept = new Set();
    for (const link of found) {
      for (let row = link.closest("li"); row && !kept.has(row); row = row.parentElement.closest("li")) kept.add(row);
    }
    for (const link of links) link.closest("li").hidden = !kept.has(link.closest("li"));
    for (const [branch, open] of wasOpen) {
      branch.open = words ? [...branch.querySelectorAll("li")].some((row) => kept.has(row)) : open;
    }
    status.textContent = words ? `找到 ${found.length} 个` : "";
  };

  const shown = () => links.filter((link) => !link.closest("[hidden]") && !link.closest("details:not([open])"));
  const branchOf = (link) => link.closest("li").querySelector(":scope > details");

  const walk = (event) => {
    const link = event.target.closest("a[data-find]");
    if (!link || event.altKey || event.ctrlKey || event.metaKey) return;
    const visible = shown();
    const at = visible.indexOf(link);
    const branch = branchOf(link);
    let target;
    if (event.key === "ArrowDown") target = visible[at + 1];
    else if (event.key === "ArrowUp") target = visible[at - 1] ?? box;
    else if (event.key === "Home") target = visible[0];
    else if (event.key === "End") target = visible.at(-1);
    else if (event.key === "ArrowRight") {
      if (branch && branch.open) target = visible[at + 1];
      else if (branch) branch.open = true;
    } else if (event.key === "ArrowLeft") {
      if (branch && branch.open) branch.open = false;
      else target = link.closest("li").parentElement.closest("li")?.querySelector(":scope > a[data-find]");
    } else return;
    event.preventDefault();
    target?.focus();
  };

  box.addEventListener("input", narrow);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    shown()[0]?.focus();
  });
  tree.addEventListener("keydown", walk);
}
