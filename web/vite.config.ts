import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds the API: a running `mainstay serve`, or the mock. */
const api = process.env.MAINSTAY_WEB_API ?? 'http://127.0.0.1:8080';
const apiPaths = ['/api', '/llm', '/health', '/metrics', '/openapi.json', '/docs', '/__debug'];

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // `light-dark()` as it is written.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    // The binary embeds `dist` as it is; source maps would double its size.
    sourcemap: false,
    chunkSizeWarningLimit: 400,
    rolldownOptions: {
      output: {
        // The libraries change seldom and the pages often: apart, a release leaves most of the cache alone.
        advancedChunks: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
            { name: 'tanstack', test: /node_modules[\\/]@tanstack[\\/](react-router|router-core|history|react-query|query-core|store|react-store)[\\/]/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(apiPaths.map((path) => [path, { target: api, changeOrigin: false }])),
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}', 'mock/*.test.mjs'],
    setupFiles: ['src/testing.ts'],
    // The machine that tests is often the machine that compiles.
    maxWorkers: 1,
    css: false,
  },
});
