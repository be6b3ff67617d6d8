// A choice shows only the options that fit another choice.
// <select data-fits="id_area">: an option with data-for="town street" fits where the chosen option of #id_area has
// data-is="town". Without scripts every option stays, and the server says which one does not fit.
for (const select of document.querySelectorAll("[data-fits]")) {
  const other = document.getElementById(select.dataset.fits);
  if (!other) continue;
  const apply = () => {
    const is = other.selectedOptions?.[0]?.dataset.is;
    const wanting = [...select.options].filter((option) => option.dataset.for);
    for (const option of wanting) {
      const fits = !is || option.defaultSelected || option.dataset.for.split(" ").includes(is);
      option.hidden = option.disabled = !fits;
    }
    const fitting = wanting.filter((option) => !option.disabled);
    if (select.selectedOptions[0]?.disabled) select.value = "";
    if (!select.value && fitting.length === 1) select.value = fitting[0].value;
  };
  other.addEventListener("change", apply);
  apply();
}
