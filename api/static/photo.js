/** One photo and what is known of it. */

/** @typedef {"waiting"|"sending"|"queued"|"running"|"answered"|"failed"|"cancelled"} State */

/** What is the photo's own fault, so that asking again would change nothing. */
const REFUSED = new Set(["Not an image", "Unusable image", "Too large"]);
const SETTLED = new Set(["answered", "failed", "cancelled"]);

export class Photo extends EventTarget {
  /** @param {File} file */
  constructor(file) {
    super();
    this.file = file;
    this.name = file.name || "Pasted photo";
    /** The model that is or was asked last. */
    this.model = "";
    /** @type {State} */
    this.state = "waiting";
    /** What there is to say of the state beyond its name. */
    this.note = "";
    this.predictions = [];
    /** @type {{title: string, detail: string, again?: boolean} | null} */
    this.error = null;
    /** The last answer there was, whatever has been asked since. */
    this._known = null;
  }

  get settled() {
    return SETTLED.has(this.state);
  }

  /**
   * @param {State} state
   * @param {Partial<Photo>} facts
   */
  become(state, facts = {}) {
    Object.assign(this, { state, note: "", predictions: [], error: null }, facts);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {{predictions?: any[], error?: {title: string, detail: string}}} result the server's answer */
  answer(result) {
    if (result.error) this.become("failed", { error: { ...result.error, again: !REFUSED.has(result.error.title) } });
    else {
      this._known = { model: this.model, predictions: result.predictions };
      this.become("answered", this._known);
    }
  }

  /** Stop waiting for an answer: what another model said before is shown again. */
  takeBack() {
    if (this._known) this.become("answered", this._known);
    else this.become("cancelled");
  }
}
