/** Figures and names as people read them. */

const whole = new Intl.NumberFormat("en");

/** @param {number} number */
export function count(number) {
  return whole.format(number);
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} many
 */
export function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** @param {number} value of 0 to 100; what would round to 0 or 100 without being it says so */
export function percent(value) {
  if (value > 0 && value < 0.1) return "< 0.1 %";
  if (value < 100 && value >= 99.95) return "> 99.9 %";
  return `${value.toFixed(1)} %`;
}

/** @param {string} label as the data set spells it, such as `aquarium_fish` */
export function spaced(label) {
  return label.replaceAll("_", " ");
}
