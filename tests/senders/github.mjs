// Every example payload of GitHub's webhooks, each under a delivery id of its own, signed by GitHub's library. A repository
// says whether they come as JSON or as a form.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { sign } from '@octokit/webhooks-methods';
import { given, say } from './say.mjs';

const examples = createRequire(import.meta.url)('@octokit/webhooks-examples');
const [secret, form] = given('SECRET', 'json|form');
const types = { json: 'application/json', form: 'application/x-www-form-urlencoded' };

// A delivery id has the form of a UUID; the same payload always has the same one.
function delivery(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

for (const { name, examples: payloads } of examples) {
  for (const [index, payload] of payloads.entries()) {
    const text = JSON.stringify(payload);
    const body = form === 'form' ? new URLSearchParams({ payload: text }).toString() : text;
    const id = delivery(`${name} ${index}`);
    const headers = {
      accept: '*/*',
      'content-type': types[form],
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-delivery': id,
      'x-github-event': name,
      'x-github-hook-id': '292430182',
      'x-github-hook-installation-target-id': '79929171',
      'x-github-hook-installation-target-type': 'repository',
      'x-hub-signature-256': await sign(secret, body),
    };
    say({ headers, body, event: name, id });
  }
}
