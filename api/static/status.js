/** What the page says of the queue: a line in the header, and a banner when something is away. */

import { find } from "./dom.js";
import { counted } from "./words.js";

const BACK_FOR = 5000;
const SERVER = "the server";

export class Status {
  /** @param {import("./health.js").Health} health */
  constructor(health) {
    this._health = health;
    this._model = "";
    /** What was said to be away: "the server", or a model's name; else empty. */
    this._away = "";
    this._timer = 0;
    health.addEventListener("change", () => this._show());
  }

  /** @param {string} model the one to speak of */
  speakOf(model) {
    if (this._away && this._away !== SERVER) this._quiet(); // another model's workers are still away
    this._model = model;
    this._show();
  }

  _show() {
    const { problem } = this._health;
    const queue = this._health.of(this._model);
    this._line(problem, queue);
    if (problem) this._gone(problem);
    else if (queue && !queue.workers) {
      this._banner("warn", `No worker serves ${this._model} now.`, "Photos you add wait in the queue until one does.");
      this._away = this._model;
    } else if (queue && this._away) this._back();
  }

  _line(problem, queue) {
    find("status").dataset.state = problem ? "bad" : queue?.workers ? "good" : "warn";
    const known = queue ? `${counted(queue.waiting, "image")} waiting · ${counted(queue.workers, "worker")}` : "…";
    find("status-text").textContent = problem ? problem.title : known;
  }

  _gone(problem) {
    this._away = SERVER;
    const what = problem.status === 503 ? "The queue is away: Redis does not answer." : "The server cannot be reached.";
    return this._banner("bad", what, "Photos you add are kept on this page and sent as soon as it is back.");
  }

  _back() {
    this._away = "";
    this._banner("good", "All is back.", "Photos that waited are on their way.");
    this._timer = setTimeout(() => (find("banner").hidden = true), BACK_FOR);
  }

  _quiet() {
    this._away = "";
    clearTimeout(this._timer);
    find("banner").hidden = true;
  }

  _banner(kind, title, detail) {
    clearTimeout(this._timer);
    const banner = find("banner");
    if (!banner.hidden && banner.dataset.kind === kind && find("banner-title").textContent === title) return;
    banner.dataset.kind = kind;
    banner.hidden = false;
    find("banner-title").textContent = title;
    find("banner-detail").textContent = detail;
  }
}
