/** A model's card: what it is, how good, and how its training went. */

import { element, find } from "./dom.js";
import { count, percent, spaced } from "./words.js";

/** What the pictures that a training writes show, in the order in which they are read. */
const PICTURES = {
  accuracy: "Accuracy by epoch",
  loss: "Loss by epoch",
  auc: "Area under the ROC curve by epoch",
  confusion: "What is taken for what, on the test set",
  reliability: "How sure it is, and how often right",
};

/** @param {any} model */
export function showAbout(model) {
  find("about-title").textContent = `About ${model.name}`;
  find("about-facts").replaceChildren(...facts(model).map(([term, value]) => fact(term, value)));
  find("limits").textContent = model.limits;
  find("limits").hidden = !model.limits;
  find("labels-count").textContent = `All ${count(model.labels.length)} labels`;
  find("labels").replaceChildren(...model.labels.map((label) => element("li", {}, spaced(label))));
  const known = Object.keys(PICTURES);
  const rank = (picture) => (known.indexOf(stem(picture)) + known.length + 1) % (known.length + 1);
  const pictures = [...model.pictures].sort((a, b) => rank(a) - rank(b));
  find("pictures").replaceChildren(...pictures.map((picture) => figure(model, picture)));
  find("pictures-block").hidden = pictures.length === 0;
}

function facts(model) {
  const test = model.metrics.test ?? {};
  const share = (value) => (value ? percent(value * 100) : "not measured");
  const { height, width } = model.input;
  return [
    ["Right on the test set", share(test.accuracy)],
    ["Right among its first three", share(test.top3)],
    ["Parameters", model.parameters.total ? count(model.parameters.total) : "not counted"],
    ["Labels", count(model.labels.length)],
    ["Sees", `${width} × ${height} pixels`],
    ["Version", element("code", { title: model.version }, model.version.slice(0, 12))],
  ];
}

function fact(term, value) {
  return element("div", { class: "fact" }, element("dt", {}, term), element("dd", {}, value));
}

function figure(model, picture) {
  // By version, so that another model of the same name does not show this one's pictures.
  const address = `${model.links.self}/${encodeURIComponent(picture)}?v=${model.version.slice(0, 12)}`;
  const caption = PICTURES[stem(picture)] ?? spaced(stem(picture));
  return element(
    "figure",
    { class: "picture" },
    element("a", { href: address }, element("img", { src: address, alt: `${model.name}: ${caption}`, loading: "lazy" })),
    element("figcaption", {}, caption),
  );
}

function stem(picture) {
  return picture.replace(/\.[^.]+$/, "");
}
