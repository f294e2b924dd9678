/** The server: every call to it, and the problem it answers when it refuses. */

const KEY = "kerasq-key";
/** Statuses after which trying again makes sense: 0 is a server that cannot be reached, 401 ends when a key is given. */
const TEMPORARY = new Set([0, 401, 429, 502, 503, 504]);

/** What went wrong, as RFC 9457 tells it. */
export class Problem extends Error {
  /**
   * @param {{title?: string, detail?: string, status?: number, errors?: {title: string, detail: string}[]}} body
   * @param {number} retryAfter seconds
   */
  constructor(body, retryAfter = 5) {
    super(body.detail ?? body.title ?? "Something went wrong");
    this.name = "Problem";
    this.title = body.title ?? "Error";
    this.status = body.status ?? 0;
    this.errors = body.errors ?? [];
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get temporary() {
    return TEMPORARY.has(this.status);
  }
}

/** The problem of a server that does not answer at all. */
export function unreachable() {
  return new Problem({ title: "Server away", detail: "The server cannot be reached.", status: 0 }, 2);
}

/**
 * The problem in a refusal's body.
 * @param {number} status
 * @param {string} text
 * @param {string | null} retryAfter
 */
export function refusal(status, text, retryAfter) {
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    body = { title: `HTTP ${status}`, detail: `The server answered ${status}.` };
  }
  if (status === 401) document.dispatchEvent(new Event("keywanted"));
  return new Problem({ ...body, status }, Number(retryAfter) || 5);
}

/** The headers that name the API key, when there is one. */
export function credentials() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** @param {string} key kept for as long as the tab is open */
export function keepKey(key) {
  sessionStorage.setItem(KEY, key);
}

/**
 * A request; its response when it succeeded. Throws Problem.
 * @param {string} path
 * @param {RequestInit} options
 */
export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...credentials(), ...options.headers } });
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
  if (!response.ok) throw refusal(response.status, await response.text(), response.headers.get("Retry-After"));
  return response;
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
export async function getJson(path, options = {}) {
  const response = await request(path, options);
  try {
    return await response.json();
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
}
