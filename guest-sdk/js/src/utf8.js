/** UTF-8, which the engine has no classes for. */

const REPLACEMENT = 0xfffd;
const SHORT = 4096;
const ASCII = /^[\0-\x7f]*$/;

/** The bytes of a text; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text) {
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (let i = 0; i < text.length; i += 1) {
    let code = text.charCodeAt(i);
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      const next = text.charCodeAt(i + 1);
      if (code < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        i += 1;
      } else {
        code = REPLACEMENT;
      }
    }
    if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
    } else {
      if (code < 0x10000) {
        bytes[at++] = 0xe0 | (code >> 12);
      } else {
        bytes[at++] = 0xf0 | (code >> 18);
        bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
      }
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (code & 0x3f);
  }
  return bytes.slice(0, at);
}

/** The text of bytes that `encodeUtf8` made; other bytes are an error. */
export function decodeUtf8(bytes) {
  if (bytes.length <= SHORT) {
    // Most texts are ASCII, whose bytes are its characters.
    const text = String.fromCharCode.apply(null, bytes);
    if (ASCII.test(text)) {
      return text;
    }
  }
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++];
    if (first < 0x80) {
      text += String.fromCharCode(first);
      continue;
    }
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    let code = first & (0x3f >> more);
    for (let n = 0; n < more; n += 1) {
      if ((bytes[i] & 0xc0) !== 0x80) {
        throw new Error('these bytes are not UTF-8; open the table with `bytes` to read them');
      }
      code = (code << 6) | (bytes[i++] & 0x3f);
    }
    if (first < 0xc2 || first > 0xf4 || code > 0x10ffff) {
      throw new Error('these bytes are not UTF-8; open the table with `bytes` to read them');
    }
    text += String.fromCodePoint(code);
  }
  return text;
}
