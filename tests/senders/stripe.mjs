// Events as Stripe sends them, signed by Stripe's library as at a given second.

import Stripe from 'stripe';
import { given, say } from './say.mjs';

const [secret, second] = given('SECRET', 'UNIX_SECOND');
const timestamp = Number(second);

const TYPES = [
  'charge.succeeded',
  'checkout.session.completed',
  'customer.created',
  'customer.subscription.updated',
  'invoice.paid',
  'payment_intent.succeeded',
  'price.deleted',
];
const NAMES = ['Jenny Rosen', 'Zoë Müller', '山田 太郎', 'Ольга "O" Ивановa', 'a\\b/c\u2028d', '💳 & <co>'];

const stripe = new Stripe('sk_test_of_nobody');
for (let number = 0; number < 120; number++) {
  const type = TYPES[number % TYPES.length];
  const id = `evt_1NG8Du2eZvKYlo2C${String(number).padStart(8, '0')}`;
  const object = {
    id: `obj_${number}`,
    amount: 1000 + number,
    currency: 'usd',
    customer: `cus_${number % 11}`,
    name: NAMES[number % NAMES.length],
    metadata: { note: 'x'.repeat((number * 37) % 2000) },
  };
  const event = {
    id,
    object: 'event',
    api_version: '2024-04-10',
    created: 1686089970 + number,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  };
  // Stripe's bodies are indented.
  const body = JSON.stringify(event, null, 2);
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }),
  };
  say({ headers, body, event: type, id });
}
