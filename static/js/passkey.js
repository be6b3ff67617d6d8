// Passkeys: the page carries the server's question in data-options; the browser's answer goes into a hidden field.
const can = Boolean(window.PublicKeyCredential?.parseCreationOptionsFromJSON);

for (const box of document.querySelectorAll("[data-passkey-use]")) {
  box.hidden = !can;
  box.querySelector("button").addEventListener("click", () => {
    asked(box, async () => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(box.dataset.options));
      const given = await navigator.credentials.get({ publicKey });
      document.getElementById(box.dataset.answer).value = JSON.stringify(given);
      box.closest("form").requestSubmit();
    });
  });
}

for (const form of document.querySelectorAll("[data-passkey-make]")) {
  form.hidden = !can;
  form.addEventListener("submit", (event) => {
    const answer = form.elements.answer;
    if (answer.value) return;
    event.preventDefault();
    asked(form, async () => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.options));
      answer.value = JSON.stringify(await navigator.credentials.create({ publicKey }));
      form.requestSubmit();
    });
  });
}

async function asked(place, act) {
  const said = place.querySelector("[data-passkey-said]");
  said.textContent = "请按浏览器的提示操作……";
  try {
    await act();
  } catch (error) {
    said.textContent = error.name === "NotAllowedError" ? "已取消或超时，请重试。" : "这个浏览器没有完成，请改用验证器。";
  }
}
