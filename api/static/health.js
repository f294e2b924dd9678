/** How the queue does, asked every two seconds while the page is seen. */

import { getJson } from "./api.js";

const INTERVAL = 2000;

export class Health extends EventTarget {
  constructor() {
    super();
    /** @type {{model: string, waiting: number, workers: number}[]} */
    this.queues = [];
    /** @type {import("./api.js").Problem | null} */
    this.problem = null;
    this._timer = 0;
    this._asking = false;
  }

  /** Begin to ask. */
  start() {
    document.addEventListener("visibilitychange", () => document.hidden || this.ask());
    this.ask();
  }

  /** @param {string} model */
  of(model) {
    return this.queues.find((queue) => queue.model === model);
  }

  /** Ask now. */
  async ask() {
    clearTimeout(this._timer);
    if (this._asking) return;
    this._asking = true;
    try {
      this.queues = (await getJson("/queues", { signal: AbortSignal.timeout(15_000) })).queues;
      this.problem = null;
    } catch (error) {
      this.problem = error;
    }
    this._asking = false;
    this.dispatchEvent(new Event("change"));
    if (!document.hidden) this._timer = setTimeout(() => this.ask(), INTERVAL);
  }
}
