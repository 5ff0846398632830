// Numbers for people: grouped digits, shares that never round a little to nothing nor nearly all to everything.

const COUNT = new Intl.NumberFormat();

/** @param {number} count */
export function formatCount(count) {
  return COUNT.format(count);
}

/**
 * `1 device`, `2 devices`.
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function countOf(count, one, many = `${one}s`) {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/**
 * A share of a whole: `37%`, `<0.1%`, `>99.9%`.
 * @param {number} part
 * @param {number} whole
 */
export function formatShare(part, whole) {
  if (whole === 0) return '–';
  return formatPercent((100 * part) / whole);
}

/** @param {number} percent */
export function formatPercent(percent) {
  if (percent > 0 && percent < 0.1) return '<0.1%';
  if (percent > 99.9 && percent < 100) return '>99.9%';
  return `${percent >= 10 ? trim(percent.toFixed(percent > 99 ? 1 : 0)) : trim(percent.toFixed(1))}%`;
}

/** @param {string} digits */
function trim(digits) {
  return digits.replace(/\.0$/, '');
}
