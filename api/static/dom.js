/** Making elements. */

/**
 * An element with attributes and children; an attribute of `null` or `false` is left out.
 * @param {string} name
 * @param {Record<string, any>} attributes
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * The element with that id, which the page is known to have.
 * @param {string} id
 * @returns {any}
 */
export function find(id) {
  return document.getElementById(id);
}
