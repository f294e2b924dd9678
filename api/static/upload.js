/** Sending photos: one multipart request, with its progress. */

import { credentials, refusal, unreachable } from "./api.js";

/**
 * Submit files to a model; the job that was made of them. Throws Problem.
 *
 * An abort takes effect while bytes are on their way; once all are sent the answer is awaited, so that a job that was
 * made is known and can be cancelled.
 * @param {string} model
 * @param {File[]} files
 * @param {{key: string, signal: AbortSignal, onSent: (share: number) => void}} options `key` is the Idempotency-Key
 */
export function submit(model, files, { key, signal, onSent }) {
  const sentWith = credentials();
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name || "photo");
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let sent = false;
    const abort = () => sent || request.abort();
    signal.addEventListener("abort", abort);
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total);
    request.upload.onload = () => {
      sent = true;
      onSent(1);
    };
    request.onload = () => {
      const { status, responseText } = request;
      if (status === 200 || status === 202) accepted(responseText, resolve, reject);
      else reject(refusal(status, responseText, request.getResponseHeader("Retry-After"), sentWith));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("taken back", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    request.open("POST", `/${encodeURIComponent(model)}`);
    const headers = { ...sentWith, "Idempotency-Key": key };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(form);
  });
}

/** A job is JSON; anything else came from something before the server, such as a network's login page. */
function accepted(text, resolve, reject) {
  try {
    resolve(JSON.parse(text));
  } catch {
    reject(unreachable());
  }
}
