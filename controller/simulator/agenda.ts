// The agenda: which of many devices is to be woken next. An indexed binary heap over numbers, so that a fleet needs one
// timer and a device costs 20 bytes. It knows nothing of clocks.

/** Wake times of `size` devices, numbered from 0. Times are milliseconds; `Infinity` means: not at all. */
export interface Agenda {
  /** Sets or moves the wake time of a device. */
  set(index: number, atMs: number): void;
  /** The earliest wake time; `Infinity` where there is none. */
  nextAtMs(): number;
  /** Takes out the earliest device that is due at `nowMs` (its time becomes `Infinity`); -1 where none is due. */
  takeDue(nowMs: number): number;
}

/** An agenda on which no device is due yet. Setting and taking cost O(log size). */
export function createAgenda(size: number): Agenda {
  const times = new Float64Array(size).fill(Infinity);
  const heap = new Int32Array(size);
  const places = new Int32Array(size);
  for (let index = 0; index < size; index += 1) {
    heap[index] = index;
    places[index] = index;
  }

  const deviceAt = (place: number): number => heap[place] ?? -1;
  const timeAt = (place: number): number => times[deviceAt(place)] ?? Infinity;

  const swap = (left: number, right: number): void => {
    const leftDevice = deviceAt(left);
    const rightDevice = deviceAt(right);
    heap[left] = rightDevice;
    heap[right] = leftDevice;
    places[rightDevice] = left;
    places[leftDevice] = right;
  };

  const riseFrom = (start: number): number => {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (timeAt(parent) <= timeAt(place)) break;
      swap(parent, place);
      place = parent;
    }
    return place;
  };

  const sinkFrom = (start: number): void => {
    let place = start;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      let least = place;
      if (left < size && timeAt(left) < timeAt(least)) least = left;
      if (right < size && timeAt(right) < timeAt(least)) least = right;
      if (least === place) return;
      swap(least, place);
      place = least;
    }
  };

  const set = (index: number, atMs: number): void => {
    if (times[index] === atMs) return;
    times[index] = atMs;
    sinkFrom(riseFrom(places[index] ?? 0));
  };

  return {
    set,
    nextAtMs: () => (size === 0 ? Infinity : timeAt(0)),
    takeDue: (nowMs) => {
      if (size === 0 || timeAt(0) > nowMs) return -1;
      const index = deviceAt(0);
      set(index, Infinity);
      return index;
    },
  };
}
