/** Following a job to its end: by its event stream, and by polling where the stream breaks. */

import { getJson, passed } from "./api.js";
import { events } from "./events.js";
import { sleep } from "./sleep.js";

/** A stream that says nothing for so long, in milliseconds, is given up; the server speaks every 15 seconds. */
const SILENCE = 25_000;
/** Streams open at once: a browser opens six connections to one host, and uploads and other tabs want some. */
const STREAMS = 3;
/** The first pause between two looks at a job without a stream, and the longest, in milliseconds. */
const POLL = { first: 300, longest: 3000 };

let streams = 0;

/**
 * The job as it is when it has ended. Throws Problem when it is lost, AbortError when `signal` says so.
 * @param {any} job
 * @param {{signal: AbortSignal, onProgress: (job: any) => void, onProblem: (problem: any) => void}} options
 */
export async function follow(job, options) {
  if (ended(job)) return job;
  return (streams < STREAMS && (await streamed(job, options))) || polled(job, options);
}

/** @param {{status: string}} job */
export function ended(job) {
  return job.status !== "queued" && job.status !== "running";
}

/** The ended job, or null where the stream did not bring it. */
async function streamed(job, { signal, onProgress }) {
  streams += 1;
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), 4000);
  try {
    for await (const { name, data } of events(job.links.events, AbortSignal.any([signal, silent.signal]))) {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE);
      if (name === "done") return data;
      if (name === "progress") onProgress(data);
      if (name === "gone") return null;
    }
  } catch {
    signal.throwIfAborted();
  } finally {
    streams -= 1;
    clearTimeout(timer);
  }
  return null;
}

async function polled(job, { signal, onProgress, onProblem }) {
  for (let pause = POLL.first; ; pause = Math.min(2 * pause, POLL.longest)) {
    try {
      const now = await getJson(job.links.self, { signal });
      if (ended(now)) return now;
      onProgress(now);
      await sleep(pause, signal);
    } catch (error) {
      if (!error.temporary) throw error;
      onProblem(error);
      await passed(error, signal);
    }
  }
}
