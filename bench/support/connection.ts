// One keep-alive connection of a load generator, on a raw socket: a request goes out when the answer before it is in.
// Answers are hardly parsed, so that the generator never is what is measured.

import { connect, type Socket } from 'node:net';

import { assert } from '../../controller/base/assert.ts';

export interface Connection {
  /** Sends a request as it stands; resolves with the answer's head and bytes in all, once it is in. */
  exchange(request: string): Promise<Exchanged>;
  close(): void;
}

export interface Exchanged {
  readonly status: number;
  readonly head: string;
  /** Text of a body that came in the first piece; empty for longer ones. */
  readonly body: string;
  readonly bodyBytes: number;
}

const HEAD_END = '\r\n\r\n';

/** Opens a connection to a port of 127.0.0.1. Nagle's algorithm is off. */
export async function openConnection(port: number): Promise<Connection> {
  const socket = await openSocket(port);
  let pending: PromiseWithResolvers<Exchanged> | null = null;
  let answer: Exchanged | null = null;
  let missing = 0;

  const settle = (): void => {
    const done = pending;
    const value = answer;
    pending = null;
    answer = null;
    if (value !== null) done?.resolve(value);
  };
  socket.on('data', (piece) => {
    if (answer === null) {
      answer = readHead(piece);
      missing = answer.bodyBytes - (piece.length - answer.head.length - HEAD_END.length);
    } else {
      missing -= piece.length;
    }
    if (missing < 0) pending?.reject(new Error('more came than was announced'));
    else if (missing === 0) settle();
  });
  const fail = (): void => pending?.reject(new Error('the connection was closed'));
  socket.once('close', fail);
  socket.once('error', fail);
  return {
    exchange(request) {
      assert(pending === null, 'one request at a time');
      pending = Promise.withResolvers<Exchanged>();
      socket.write(request, 'latin1');
      return pending.promise;
    },
    close: () => void socket.destroy(),
  };
}

/** A connected socket. */
export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Reads the head of an answer; all of it has to be in its first piece, as it is over the loopback interface. */
function readHead(piece: Buffer): Exchanged {
  const end = piece.indexOf(HEAD_END);
  assert(end > 0, 'an answer begins with a whole head');
  const head = piece.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  // What the caller has already has no body.
  const length = status === 304 ? '0' : /^content-length: (\d+)$/im.exec(head)?.[1];
  assert(length !== undefined, 'an answer says how long it is');
  const bodyBytes = Number(length);
  const start = end + HEAD_END.length;
  const isWhole = piece.length - start === bodyBytes;
  return {
    status,
    head,
    body: isWhole ? piece.toString('utf8', start) : '',
    bodyBytes,
  };
}
