/** What a screen reader is told, at most once a second and the latest word only. */

import { find } from "./dom.js";

let next = "";
let timer = 0;

/** @param {string} text */
export function announce(text) {
  next = text;
  timer ||= setTimeout(() => {
    timer = 0;
    find("announcer").textContent = next;
  }, 1000);
}
