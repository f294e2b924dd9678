/** The server: every call to it, and the problem it answers when it refuses. */

import { sleep } from "./sleep.js";

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
    /** Whether it ends only when the user gives an API key. */
    this.wantsKey = false;
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
 * The problem in a refusal's body; one that asks for a key is told to the page.
 * @param {number} status
 * @param {string} text
 * @param {string | null} retryAfter
 * @param {Record<string, string>} sent the credentials that were refused
 */
export function refusal(status, text, retryAfter, sent) {
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    body = { title: `HTTP ${status}`, detail: `The server answered ${status}.` };
  }
  const problem = new Problem({ ...body, status }, Number(retryAfter) || 5);
  // What was sent with an older key than the one there is now says nothing about that.
  problem.wantsKey = status === 401 && sent.Authorization === credentials().Authorization;
  if (problem.wantsKey) document.dispatchEvent(new CustomEvent("keywanted", { detail: problem.message }));
  return problem;
}

/** Where the browser lets a page keep nothing. */
let here = null;

function keptKey() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return here;
  }
}

/** The headers that name the API key, when there is one. */
export function credentials() {
  const key = keptKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** @param {string} key kept for as long as the tab is open */
export function keepKey(key) {
  here = key;
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // as long as the page, then
  }
  document.dispatchEvent(new Event("keygiven"));
}

/**
 * Until trying again makes sense: after a while, or once a key is given where one is asked for.
 * @param {Problem} problem
 * @param {AbortSignal} [signal]
 */
export function passed(problem, signal) {
  if (!problem.wantsKey) return sleep(problem.retryAfter * 1000, signal);
  return new Promise((resolve, reject) => {
    document.addEventListener("keygiven", resolve, { once: true });
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * A request; its response when it succeeded. Throws Problem.
 * @param {string} path
 * @param {RequestInit} options
 */
export async function request(path, options = {}) {
  const sent = credentials();
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...sent, ...options.headers } });
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
  if (!response.ok) throw refusal(response.status, await response.text(), response.headers.get("Retry-After"), sent);
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
