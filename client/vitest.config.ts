import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  // For the script plugin's own reader, whose packages need not be installed.
  resolve: { alias: { acorn: fileURLToPath(import.meta.resolve('acorn')) } },
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: 'test/tsconfig.json' },
  },
});
