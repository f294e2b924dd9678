/** A photo as it is shown: thumbnail, name, and what is known of it. */

import { element } from "./dom.js";
import { percent, spaced } from "./words.js";

const STATES = {
  waiting: "Waiting",
  sending: "Sending",
  queued: "In the queue",
  running: "Being classified",
  cancelled: "Cancelled",
};

/**
 * @param {import("./photo.js").Photo} photo
 * @param {(photo: import("./photo.js").Photo) => void} again what "Try again" does
 */
export function tile(photo, again) {
  const facts = element("div", { class: "tile-facts" });
  const made = element(
    "li",
    { class: "tile" },
    thumbnail(photo),
    element("div", { class: "tile-body" }, heading(photo), facts),
  );
  const show = () => {
    made.dataset.state = photo.state;
    const focused = facts.contains(document.activeElement);
    facts.replaceChildren(facts_of(photo, () => again(photo)));
    if (focused) made.querySelector(".tile-name").focus();
  };
  photo.addEventListener("change", show);
  show();
  return made;
}

function heading(photo) {
  return element("h3", { class: "tile-name", title: photo.name, tabindex: "-1" }, photo.name);
}

function thumbnail(photo) {
  const address = URL.createObjectURL(photo.file);
  const frame = element("div", { class: "tile-frame", "aria-hidden": "true" });
  const picture = element("img", { src: address, alt: "", decoding: "async" });
  picture.addEventListener("load", () => URL.revokeObjectURL(address));
  picture.addEventListener("error", () => {
    URL.revokeObjectURL(address);
    picture.remove();
    frame.classList.add("tile-frame-empty");
  });
  frame.append(picture);
  return frame;
}

function facts_of(photo, again) {
  if (photo.state === "answered") return answer(photo);
  if (photo.state === "failed") return failure(photo, again);
  const text = photo.note ? `${STATES[photo.state]} · ${photo.note}` : STATES[photo.state];
  const state = element("p", { class: "tile-state" }, text);
  return photo.state === "cancelled" ? element("div", { class: "failure" }, state, retry(photo, again)) : state;
}

function answer(photo) {
  const guesses = element("ol", { class: "guesses" }, ...photo.predictions.map(guess));
  return element("div", {}, guesses, element("p", { class: "tile-model" }, `says ${photo.model}`));
}

function guess({ label, percentage }) {
  const fill = element("span", { class: "bar-fill" });
  fill.style.inlineSize = `${percentage}%`;
  return element(
    "li",
    { class: "guess" },
    element("span", { class: "guess-label" }, spaced(label)),
    element("span", { class: "guess-share" }, percent(percentage)),
    element("span", { class: "bar", "aria-hidden": "true" }, fill),
  );
}

function failure(photo, again) {
  const { title, detail, again: worthwhile } = photo.error;
  return element(
    "div",
    { class: "failure" },
    element("p", { class: "failure-title" }, title),
    element("p", { class: "failure-detail" }, sentence(detail)),
    worthwhile ? retry(photo, again) : null,
  );
}

function retry(photo, again) {
  const name = element("span", { class: "unseen" }, `: ${photo.name}`);
  return element("button", { type: "button", class: "quiet", onclick: again }, "Try again", name);
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
