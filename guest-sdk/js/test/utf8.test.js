import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeUtf8, encodeUtf8 } from '../src/utf8.js';
import { random } from './random.js';

test('agrees with the platform, lone surrogates too', () => {
  const draw = random(1);
  const ranges = [0x80, 0x800, 0x10000, 0x110000];
  for (let round = 0; round < 2000; round += 1) {
    const text = Array.from({ length: draw(6) }, () => String.fromCodePoint(draw(ranges[draw(4)]))).join('');
    assert.deepEqual(encodeUtf8(text), new Uint8Array(new TextEncoder().encode(text)));
    assert.equal(decodeUtf8(encodeUtf8(text)), text.toWellFormed());
  }
});

test('other bytes are refused', () => {
  for (const bytes of [[0xff], [0xc3], [0x80], [0xe2, 0x82, 0x41]]) {
    assert.throws(() => decodeUtf8(new Uint8Array(bytes)), /not UTF-8/);
  }
});
