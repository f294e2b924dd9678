/** Photos to try a model on, a click each. */

import { getJson, request } from "./api.js";
import { element, find } from "./dom.js";
import { note } from "./note.js";

/** @typedef {{key: string, label: string, links: {picture: string}}} Sample */

/**
 * Offers the server's sample photos; those that show what a model knows, where there are any.
 * @param {(files: File[]) => void} take
 */
export async function openSamples(take) {
  /** @type {Sample[]} */
  let samples = [];
  try {
    ({ samples } = await getJson("/samples"));
  } catch {
    // Without samples the page is whole.
  }
  return {
    /** @param {{labels: string[]}} model */
    suit(model) {
      const known = new Set(model.labels.map((label) => label.replaceAll("_", " ")));
      const fitting = samples.filter((sample) => known.has(sample.label));
      const offered = fitting.length ? fitting : samples;
      find("samples").replaceChildren(...offered.map((sample) => offer(sample, take)));
      find("samples-block").hidden = offered.length === 0;
    },
  };
}

function offer(sample, take) {
  const fetched = async () => {
    const response = await request(sample.links.picture);
    const content = await response.blob();
    take([new File([content], sample.key, { type: content.type })]);
  };
  const button = element(
    "button",
    { type: "button", class: "sample", onclick: () => fetched().catch((error) => note(`${sample.key}: ${error.message}`)) },
    element("img", { src: sample.links.picture, alt: "", loading: "lazy", decoding: "async" }),
    element("span", {}, element("span", { class: "unseen" }, "Try "), sample.label),
  );
  return element("li", {}, button);
}
