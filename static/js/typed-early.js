// On a slow line one types before the scripts are here: what was typed into a searching box by then is searched now.
document.addEventListener("DOMContentLoaded", () => {  // htmx has read the page by then: its listener came first
  for (const input of document.querySelectorAll("input[hx-get]")) {
    if (input.value !== input.defaultValue) input.dispatchEvent(new Event("typed-early"));
  }
});
