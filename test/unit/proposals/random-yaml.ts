// YAML text for tests of edits: a plain value in random formatting (block and flow style, quotes, comments, blank
// lines, indentation), from a list of random choices. The text always says exactly the value.

import * as fc from 'fast-check';

export type Plain =
  string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

const TEXTS = [
  'now',
  'on-reset',
  'e00fce680000000000000001',
  '123456',
  '1e5',
  'it is: odd # really',
  "don't",
  'say "no"',
  'ünïcode ✓ 𝒳',
  'a, b',
  '[x]',
  '',
  'two\nlines',
  'null',
  '- dash',
  ' spaces ',
  '*star',
  '12:30',
];

const scalar: fc.Arbitrary<Plain> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  fc.integer({ min: 0, max: 65_534 }),
  fc.boolean(),
  fc.constant(null),
);

const KEYS = [
  'product',
  'version',
  'devices',
  'flash',
  'reason',
  'steps',
  'approved',
  'a-b',
  'x.y',
];

/** Values of a manifest's shape: maps and lists, not deep. */
export const plainMap: fc.Arbitrary<{ readonly [key: string]: Plain }> = fc
  .letrec<{ node: Plain }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      { weight: 3, arbitrary: scalar },
      { weight: 2, arbitrary: fc.array(tie('node'), { maxLength: 4 }) },
      {
        weight: 2,
        arbitrary: fc.dictionary(fc.constantFrom(...KEYS), tie('node'), {
          maxKeys: 4,
          noNullPrototype: true,
        }),
      },
    ),
  }))
  .node.chain((node) =>
    fc.record({
      spec: fc.constant(node),
      metadata: scalar,
      tail: fc.constantFrom<Plain>('end', 7, null),
    }),
  );

/** What decides the next question of formatting: a number below `count`. */
export type Choose = (count: number) => number;

/** Draws from a list of numbers, round and round. */
export function createChoose(choices: readonly number[]): Choose {
  let at = 0;
  return (count) => {
    const choice = choices[at % choices.length] ?? 0;
    at += 1;
    return choice % count;
  };
}

/** A document that says the value, without markers. Ends with a line break. */
export function formatDocument(value: Plain, choose: Choose): string {
  const lines: string[] = [];
  if (choose(3) === 0) lines.push('# at the top', ...(choose(2) === 0 ? [''] : []));
  if (isMap(value) && Object.keys(value).length > 0) lines.push(...blockMap(value, 0, choose));
  else lines.push(flow(value, choose, ''));
  if (choose(4) === 0) lines.push('# at the end');
  return `${lines.join('\n')}\n`;
}

function isMap(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFilled(value: Plain): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function comment(choose: Choose): string {
  return choose(4) === 0 ? ` # note ${choose(9)}${choose(3) === 0 ? '\tafter a tab' : ''}` : '';
}

function between(column: number, choose: Choose): readonly string[] {
  const kind = choose(8);
  if (kind === 0) return [''];
  return kind === 1 ? [`${' '.repeat(column)}# about the next, ${choose(9)}`] : [];
}

function blockMap(
  map: { readonly [key: string]: Plain },
  column: number,
  choose: Choose,
): readonly string[] {
  return Object.entries(map).flatMap(([key, value]) => [
    ...between(column, choose),
    ...underKey(`${' '.repeat(column)}${quoteKey(key, choose)}:`, value, column, choose),
  ]);
}

function underKey(head: string, value: Plain, column: number, choose: Choose): readonly string[] {
  if (isFilled(value) && choose(3) > 0) {
    const first = `${head}${comment(choose)}`;
    if (isMap(value)) return [first, ...blockMap(value, column + 1 + choose(4), choose)];
    return [first, ...blockList(value as readonly Plain[], column + choose(3), choose)];
  }
  if (typeof value === 'string' && value.includes('\n') && choose(2) === 0) {
    const indent = ' '.repeat(column + 2);
    return [`${head} |-`, ...value.split('\n').map((line) => indent + line)];
  }
  if (value === null && choose(2) === 0) return [`${head}${comment(choose)}`];
  return [`${head} ${flow(value, choose, ' '.repeat(column + 2))}${comment(choose)}`];
}

function blockList(list: readonly Plain[], column: number, choose: Choose): readonly string[] {
  const dash = `${' '.repeat(column)}-`;
  return list.flatMap((item) => {
    const before = between(column, choose);
    if (isFilled(item) && choose(2) === 0) {
      const inner = column + 2;
      const lines = isMap(item)
        ? blockMap(item, inner, () => 7)
        : blockList(item as readonly Plain[], inner, () => 7);
      const [first = '', ...rest] = lines;
      return [...before, `${dash} ${first.trimStart()}`, ...rest];
    }
    return [
      ...before,
      `${dash}${' '.repeat(1 + choose(2))}${flow(item, choose, ' '.repeat(column + 2))}${comment(choose)}`,
    ];
  });
}

function flow(value: Plain, choose: Choose, indent: string): string {
  if (typeof value === 'string') return quote(value, choose);
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = `${indent}  `;
  const parts = isMap(value)
    ? Object.entries(value).map(
        ([key, item]) => `${quoteKey(key, choose)}: ${flow(item, choose, inner)}`,
      )
    : value.map((item) => flow(item, choose, inner));
  const [open, close] = isMap(value) ? ['{', '}'] : ['[', ']'];
  if (parts.length === 0) return open + (choose(3) === 0 ? ' ' : '') + close;
  const last = choose(4) === 0 ? ',' : '';
  const layout = choose(4);
  if (layout === 0) {
    const lines = parts.map(
      (part, at) => `${inner}${part}${at < parts.length - 1 ? ',' : last}${comment(choose)}`,
    );
    return [`${open}${comment(choose)}`, ...lines, `${indent}${close}`].join('\n');
  }
  if (layout === 1) return `${open}${parts.join(`,\n${inner}`)}${last}\n${indent}${close}`;
  const pad = layout === 2 ? ' ' : '';
  return `${open}${pad}${parts.join(', ')}${last}${pad}${close}`;
}

function quoteKey(key: string, choose: Choose): string {
  return choose(8) === 0 ? JSON.stringify(key) : key;
}

const PLAIN = /^(?!null$|true$|false$)[A-Za-z][-A-Za-z0-9]*$/;

function quote(text: string, choose: Choose): string {
  const style = choose(3);
  if (PLAIN.test(text) && style === 0) return text;
  return style === 1 && !text.includes('\n')
    ? `'${text.replaceAll("'", "''")}'`
    : JSON.stringify(text);
}
