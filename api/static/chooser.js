/** The choice of a model; the address says which, so that it can be shared. */

import { element, find } from "./dom.js";
import { counted, percent } from "./words.js";

/**
 * @param {any[]} models the cards
 * @param {(model: any) => void} chosen called at once and with every choice
 */
export function openChooser(models, chosen) {
  const asked = new URLSearchParams(location.search).get("model");
  const first = models.find((model) => model.name === asked) ?? models[0];
  const choose = (model) => {
    const address = new URL(location.href);
    address.searchParams.set("model", model.name);
    history.replaceState(null, "", address);
    chosen(model);
  };
  find("models").replaceChildren(...models.map((model) => option(model, model === first, () => choose(model))));
  chosen(first);
}

function option(model, checked, onchange) {
  const accuracy = model.metrics.test?.accuracy;
  const known = accuracy ? ` · ${percent(accuracy * 100)} right` : "";
  return element(
    "label",
    { class: "choice" },
    element("input", { type: "radio", name: "model", value: model.name, checked, onchange }),
    element(
      "span",
      { class: "choice-face" },
      element("span", { class: "choice-name" }, model.name),
      element("span", { class: "choice-facts" }, counted(model.labels.length, "label") + known),
    ),
  );
}
