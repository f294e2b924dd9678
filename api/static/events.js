/** Server-sent events over fetch, which can carry an API key where EventSource cannot. */

import { request } from "./api.js";

/**
 * The events of a stream, one after the other.
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{name: string, data: any}>}
 */
export async function* events(path, signal) {
  const response = await request(path, { signal, headers: { Accept: "text/event-stream" } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) yield parse(block);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {string} block the lines of one event; a comment, which is a sign of life, is one without data */
function parse(block) {
  const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
  if (!fields.has("data")) return { name: "comment", data: null };
  return { name: (fields.get("event") ?? "message").trim(), data: JSON.parse(fields.get("data")) };
}
