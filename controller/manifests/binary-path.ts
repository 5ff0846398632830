// Paths of binaries as manifests write them. Pure text: whether a file is there, or a link leads elsewhere, is found
// out by whoever holds the tree.

/**
 * The path from the root of the fleet repo with `.` and `..` taken out, or null where it is absolute, leads out of the
 * repo or names nothing.
 */
export function normalisePath(path: string): string | null {
  if (path.startsWith('/') || path.includes('\\') || /^[A-Za-z]:/.test(path)) return null;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.length === 0 ? null : parts.join('/');
}
