/** The field for an API key, shown where the server asks for one. */

import { keepKey } from "./api.js";
import { find } from "./dom.js";

/** @param {() => void} given called when a key was typed */
export function openKeyField(given) {
  const form = find("key-form");
  document.addEventListener("keywanted", () => {
    form.hidden = false;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepKey(find("key").value.trim());
    find("key").value = "";
    form.hidden = true;
    given();
  });
}
