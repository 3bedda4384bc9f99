export * from './tiny.ts';
