/** Time, as the host tells it. Answers stay constant during one call, so that a call agrees with itself. */

import { session } from './session.js';

export function nowMs() {
  return Number(session().imports.clock.nowMs());
}

export function watermarkMs() {
  const watermark = session().imports.clock.watermarkMs();
  return watermark === null || watermark === undefined ? null : Number(watermark);
}

export function wakeAt(atMs) {
  if (atMs !== null && !Number.isSafeInteger(atMs)) {
    throw new TypeError(`wakeAt takes whole milliseconds since the epoch, or null; it was given ${atMs}`);
  }
  session().imports.clock.wakeAt(atMs);
}
