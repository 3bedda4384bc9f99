import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: ['src/index.ts', 'src/tiny.ts', 'src/streams.ts'],
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  dts: true,
  sourcemap: true,
  fixedExtension: false,
});
