/** One submission: photos on their way through a model, in batches, until each has its answer. */

import { Problem, passed, request } from "./api.js";
import { follow } from "./follow.js";
import { submit } from "./upload.js";

/** Most photos and bytes in one request: small enough that answers arrive while later ones are still sent. */
const BATCH = { photos: 32, bytes: 16 * 2 ** 20 };
/** Requests under way at once; a browser opens six connections to one host, and other tabs want some. */
const LANES = 2;
/** Uploads that break off before a batch is taken for one that the server will not have. */
const BROKEN = 3;

export class Run {
  /**
   * @param {string} model
   * @param {import("./photo.js").Photo[]} photos
   */
  constructor(model, photos) {
    this.model = model;
    this.photos = photos;
    this._batches = batches(photos);
    this._stop = new AbortController();
  }

  get cancelled() {
    return this._stop.signal.aborted;
  }

  /** Work until every photo is settled. Never throws: what goes wrong is said at the photos. */
  async start() {
    for (const photo of this.photos) photo.become("waiting", { model: this.model });
    await Promise.all(Array.from({ length: LANES }, () => this._lane()));
  }

  /** Take back whatever has no answer yet. */
  cancel() {
    this._stop.abort();
    for (const photo of this.photos) if (!photo.settled) photo.takeBack();
  }

  async _lane() {
    for (let batch = this._batches.shift(); batch && !this.cancelled; batch = this._batches.shift()) {
      await this._classify(batch);
    }
  }

  async _classify(batch) {
    try {
      const job = await this._accepted(batch, name());
      if (this.cancelled) return void (await takeBack(job));
      await this._followed(job, batch);
    } catch (error) {
      if (!this.cancelled) this._refused(batch, error);
    }
  }

  /** The batch's job, however long the queue takes to accept it; under one `key` always the same job. */
  async _accepted(batch, key, broken = 0) {
    const { signal } = this._stop;
    const files = batch.map((photo) => photo.file);
    const onSent = (share) => {
      if (!this.cancelled) tell(batch, "sending", share < 1 ? `${Math.floor(share * 100)} %` : "");
    };
    try {
      return await submit(this.model, files, { key, signal, onSent });
    } catch (error) {
      const count = error.status === 0 && (await alive()) ? broken + 1 : broken;
      const reason = count > broken ? await unreadable(files) : null;
      if (reason || !error.temporary || this.cancelled || count >= BROKEN) throw reason ?? error;
      tell(batch, "waiting", error.title.toLowerCase());
      await passed(error, signal);
      return this._accepted(batch, key, count);
    }
  }

  async _followed(job, batch) {
    const { signal } = this._stop;
    const onProgress = (now) => {
      const place = now.position ? `place ${now.position.toLocaleString()}` : "";
      if (!this.cancelled) tell(batch, now.status, place);
    };
    const onProblem = (problem) => tell(batch, "queued", problem.title.toLowerCase());
    onProgress(job);
    try {
      const done = await follow(job, { signal, onProgress, onProblem });
      batch.forEach((photo, index) => photo.answer(done.results[index]));
    } catch (error) {
      if (!this.cancelled) throw error;
      await takeBack(job);
    }
  }

  /** Share an error out: to each photo its own, or to halves of a batch that is too large as a whole. */
  _refused(batch, error) {
    const large = error.status === 413 || error.status === 0;
    if (large && batch.length > 1) {
      const middle = Math.ceil(batch.length / 2);
      this._batches.unshift(batch.slice(0, middle), batch.slice(middle));
      return;
    }
    const whole = { title: error.title ?? "Error", detail: error.message };
    const again = ![413, 415, 422].includes(error.status);
    batch.forEach((photo, index) => {
      photo.become("failed", { error: error.errors?.[index] ?? { ...whole, again } });
    });
  }
}

function tell(batch, state, note) {
  for (const photo of batch) photo.become(state, { note });
}

/** Photos in requests of bounded number and size. */
function batches(photos) {
  const all = [];
  let bytes = Infinity;
  for (const photo of photos) {
    const last = all.at(-1);
    if (!last || last.length >= BATCH.photos || bytes + photo.file.size > BATCH.bytes) {
      all.push([photo]);
      bytes = photo.file.size;
    } else {
      last.push(photo);
      bytes += photo.file.size;
    }
  }
  return all;
}

/** A name for one submission; `crypto.randomUUID` is there over HTTPS alone. */
function name() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The problem of files that cannot be read any more; null where all can. */
async function unreadable(files) {
  try {
    await Promise.all(files.map((file) => file.slice(0, 1).arrayBuffer()));
    return null;
  } catch {
    const detail = "The browser cannot read the file: it was changed, moved or removed since it was chosen.";
    return new Problem({ title: "Unreadable file", detail, status: 0 });
  }
}

async function alive() {
  try {
    await request("/healthz");
    return true;
  } catch {
    return false;
  }
}

/** Cancel a job; when the queue is away, a few times. */
async function takeBack(job) {
  for (let tries = 0; tries < 10; tries += 1) {
    try {
      return void (await request(job.links.cancel, { method: "POST" }));
    } catch (error) {
      if (!(error instanceof Problem) || !error.temporary) return; // it has ended, and that is as good
      await passed(error);
    }
  }
}
