import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  // For the script plugin, which is tested beside the client and whose packages need not be installed.
  resolve: {
    alias: [
      { find: /^acorn$/, replacement: fileURLToPath(import.meta.resolve('acorn')) },
      { find: /^kafka-do-sdk$/, replacement: resolve(import.meta.dirname, '../guest-sdk/js/src/index.js') },
    ],
  },
  test: {
    globalSetup: 'test/build.ts',
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: 'test/tsconfig.json' },
  },
});
