/** The field for an API key, shown where the server asks for one and says why. */

import { keepKey } from "./api.js";
import { find } from "./dom.js";

/** What a header can carry; a pasted key may bring invisible letters along. */
const KEY = /^[\x21-\x7e]+$/;

export function openKeyField() {
  const form = find("key-form");
  document.addEventListener("keywanted", (event) => {
    const appears = form.hidden;
    form.hidden = false;
    find("key-problem").textContent = event.detail;
    if (!appears) return;
    form.scrollIntoView({ block: "center" }); // the photos that wait for it may be far below
    if (document.activeElement === document.body) find("key").focus({ preventScroll: true });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = find("key").value.trim();
    if (!KEY.test(key)) {
      find("key-problem").textContent = "This is no API key: it has letters that no key has. Copy it once more.";
      return;
    }
    find("key").value = "";
    find("key-problem").textContent = "";
    find("files").focus();
    form.hidden = true;
    keepKey(key);
  });
}
