/** The photos of this visit and the runs that classify them. */

import { announce } from "./announce.js";
import { find } from "./dom.js";
import { Photo } from "./photo.js";
import { Run } from "./run.js";
import { tile } from "./tile.js";
import { counted } from "./words.js";

export class Answers {
  /** @param {() => string} model says which model is chosen now */
  constructor(model) {
    this._model = model;
    /** @type {Photo[]} */
    this._photos = [];
    /** @type {Set<Run>} */
    this._runs = new Set();
    this._drawing = 0;
    find("cancel").addEventListener("click", () => this.cancel());
    find("clear").addEventListener("click", () => this.clear());
    find("again").addEventListener("click", () => this.classify(this._others()));
  }

  /** @param {File[]} files */
  take(files) {
    const photos = files.map((file) => new Photo(file));
    const again = (photo) => this.classify([photo]);
    for (const photo of photos) photo.addEventListener("change", () => this.draw());
    this._photos.unshift(...photos);
    find("photos").prepend(...photos.map((photo) => tile(photo, again)));
    announce(`${counted(files.length, "photo")} added.`);
    this.classify(photos);
    find("answers").hidden = false;
    find("photos").firstElementChild.scrollIntoView({ block: "nearest", behavior: still() ? "instant" : "smooth" });
  }

  /** @param {Photo[]} photos */
  async classify(photos) {
    const run = new Run(this._model(), [...photos]);
    this._runs.add(run);
    const working = run.start();
    this.draw();
    await working;
    this._runs.delete(run);
    this.draw();
  }

  cancel() {
    for (const run of this._runs) run.cancel();
    find("answers-title").focus();
    announce("Cancelled.");
  }

  clear() {
    for (const run of this._runs) run.cancel();
    this._photos = [];
    find("photos").replaceChildren();
    this.draw();
    find("files").focus();
    announce("All photos removed.");
  }

  /** Bring the heading up to date, once a frame however much changes. */
  draw() {
    this._drawing ||= requestAnimationFrame(() => {
      this._drawing = 0;
      this._draw();
    });
  }

  _draw() {
    const all = this._photos.length;
    const tally = (state) => this._photos.filter((photo) => photo.state === state).length;
    const [answered, failed, cancelled] = ["answered", "failed", "cancelled"].map(tally);
    const settled = answered + failed + cancelled;
    const busy = settled < all;
    const parts = [`${answered} of ${counted(all, "photo")} answered`];
    if (failed) parts.push(`${failed} with an error`);
    if (cancelled) parts.push(`${cancelled} cancelled`);
    const summary = parts.join(", ");
    document.body.classList.toggle("has-photos", all > 0);
    find("answers").hidden = all === 0;
    find("summary").textContent = summary;
    Object.assign(find("progress"), { max: all || 1, value: settled });
    find("progress").classList.toggle("done", !busy);
    const pressed = document.activeElement;
    find("cancel").hidden = !busy;
    find("clear").hidden = busy;
    this.offerAgain(busy);
    if (all && pressed?.hidden) find("answers-title").focus();
    if (all) announce(`${summary}.`);
  }

  /** Offer the photos to the chosen model where another answered them. */
  offerAgain(busy = this._runs.size > 0) {
    find("again").hidden = busy || !this._others().length;
    find("again").textContent = `Ask ${this._model()} instead`;
  }

  /** The photos whose answer is another model's. */
  _others() {
    return this._photos.filter((photo) => photo.settled && photo.model && photo.model !== this._model());
  }
}

function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
