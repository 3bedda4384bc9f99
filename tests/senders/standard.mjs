// Events of a sender that keeps to Standard Webhooks, signed by its reference library as at a given second. With `svix` the
// headers have the names that they had before there was a standard.

import { Webhook } from 'standardwebhooks';
import { given, say } from './say.mjs';

const [secret, second, names] = given('SECRET', 'UNIX_SECOND', 'webhook|svix');

const TYPES = ['user.created', 'user.deleted', 'invoice.paid', 'message.attempt.exhausted'];

const webhook = new Webhook(secret);
// While a secret is rotated, a message is signed with the old one and the new one.
const old = new Webhook('whsec_' + Buffer.from('the secret of last year, revoked').toString('base64'));
const at = new Date(Number(second) * 1000);
for (let number = 0; number < 120; number++) {
  const type = TYPES[number % TYPES.length];
  const id = `msg_${names}_${String(number).padStart(6, '0')}`;
  const timestamp = new Date(1_700_000_000_000 + number * 1000).toISOString();
  const data = { number, user: `user-${number % 13}`, note: 'grün '.repeat(number % 50) };
  const body = JSON.stringify({ type, timestamp, data });
  const signatures = [webhook.sign(id, at, body)];
  if (number % 3 === 0) {
    signatures.unshift(old.sign(id, at, body));
  }
  const headers = {
    'content-type': 'application/json',
    [`${names}-id`]: id,
    [`${names}-timestamp`]: second,
    [`${names}-signature`]: signatures.join(' '),
  };
  say({ headers, body, event: type, id });
}
