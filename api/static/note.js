/** A line below the ways in: what did not come in, and why. */

import { find } from "./dom.js";

/** @param {string} text nothing to take the line away */
export function note(text) {
  find("intake-note").textContent = text;
  find("intake-note").hidden = !text;
}
