// CloudEvents over HTTP in one of the three modes of its binding, and where a secret is given signed with HMAC-SHA256 of the
// body, as hex in `x-signature`.

import { createHmac } from 'node:crypto';
import { HTTP } from 'cloudevents';
import { events } from './events.mjs';
import { given, say } from './say.mjs';

const [mode, secret] = given('binary|structured|batch', 'SECRET');

// How many events a batch holds.
const BATCH = 10;

function* messages() {
  const all = events(mode);
  if (mode === 'batch') {
    for (let from = 0; from < all.length; from += BATCH) {
      const batch = all.slice(from, from + BATCH);
      const headers = { 'content-type': 'application/cloudevents-batch+json' };
      yield { ids: batch.map(({ id }) => id), headers, body: JSON.stringify(batch) };
    }
    return;
  }
  for (const event of all) {
    yield { ids: [event.id], type: event.type, ...HTTP[mode](event) };
  }
}

for (const { ids, type = '', headers, body } of messages()) {
  if (secret) {
    headers['x-signature'] = createHmac('sha256', secret).update(body).digest('hex');
  }
  say({ headers, body, event: type, id: ids[0], ids });
}
