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
    element("div", { class: "tile-body" }, element("h3", { class: "tile-name", title: photo.name }, photo.name), facts),
  );
  const show = () => {
    made.dataset.state = photo.state;
    facts.replaceChildren(facts_of(photo, () => again(photo)));
  };
  photo.addEventListener("change", show);
  show();
  return made;
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
  if (photo.state === "answered") return guesses(photo.predictions);
  if (photo.state === "failed") return failure(photo.error, again);
  const text = photo.note ? `${STATES[photo.state]} · ${photo.note}` : STATES[photo.state];
  return element("p", { class: "tile-state" }, text);
}

function guesses(predictions) {
  return element("ol", { class: "guesses" }, ...predictions.map(guess));
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

function failure({ title, detail, again: worthwhile }, again) {
  return element(
    "div",
    { class: "failure" },
    element("p", { class: "failure-title" }, title),
    element("p", { class: "failure-detail" }, sentence(detail)),
    worthwhile ? element("button", { type: "button", class: "quiet", onclick: again }, "Try again") : null,
  );
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
