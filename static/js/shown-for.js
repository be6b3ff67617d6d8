// A field that only some answers ask for is hidden, and not sent, until they are given.
// data-shown-for="id_kind=platform" (this value) or "id_award" (any value); without scripts the field simply stays.
for (const control of document.querySelectorAll("[data-shown-for]")) {
  const [id, wanted] = control.dataset.shownFor.split("=");
  const asked = document.getElementById(id);
  const field = control.closest(".field");
  if (!asked || !field) continue;
  const apply = () => {
    const shown = wanted ? asked.value === wanted : asked.value !== "";
    field.hidden = !shown;
    control.disabled = !shown;
  };
  asked.addEventListener("change", apply);
  apply();
}
