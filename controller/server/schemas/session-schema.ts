// Schema of a session: who asks, and by what they are known.

import { flag, named, nullable, object, oneWord, text, type NamedSchema } from './build.ts';

/** The named schemas of this file. */
export const SESSION_SCHEMAS: readonly NamedSchema[] = [
  named(
    'Session',
    object({
      role: nullable(oneWord(['viewer', 'deployer'], 'Null: none, so that a token is needed.')),
      name: nullable({
        ...text,
        description: 'Of the token, or of the person that the proxy names.',
      }),
      how: nullable(
        oneWord(
          ['loopback', 'token', 'cookie', 'proxy'],
          'By being on the same machine, a bearer token, signing in, or a reverse proxy.',
        ),
      ),
      mayLogOut: { ...flag, description: 'There is a session to be ended.' },
    }),
  ),
];
