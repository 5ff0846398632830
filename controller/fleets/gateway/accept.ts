// Which of the two JSON types a device is answered in.

/** Media types of the documents. hawkBit answers with the first where the device does not care. */
export type JsonType = 'application/hal+json' | 'application/json';

/** The type to answer in, or null (406) where `Accept` takes neither. Weights of 0 rule a type out. */
export function chooseType(accept: string | undefined): JsonType | null {
  if (accept === undefined || accept === '*/*') return 'application/hal+json';
  if (accept === 'application/json' || accept === 'application/hal+json') return accept;
  let chosen: JsonType | null = null;
  for (const each of accept.split(',')) {
    const [name = '', ...parameters] = each.split(';');
    if (parameters.some((parameter) => /^\s*q\s*=\s*0(\.0*)?\s*$/i.test(parameter))) continue;
    switch (name.trim().toLowerCase()) {
      case 'application/json':
        return 'application/json';
      case 'application/hal+json':
      case 'application/*':
      case '*/*':
      case '':
        chosen = 'application/hal+json';
        break;
      default:
    }
  }
  return accept.trim() === '' ? 'application/hal+json' : chosen;
}
